import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resolveOptions } from "../base/options.ts";
import type { AgentConfig } from "./config.ts";
import { completeConfig } from "./config.ts";
import { type AgentOptions, agentOptions } from "./options.ts";
import { restoreState, writeKeyringFile, writeTagsFile } from "./state-files.ts";

const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const otherKey = "AAAAAAAAAAAAAAAAAAAAAA==";
let folder = "";
let path = "";
let log: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-state-"));
  path = join(folder, "file");
  log = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

function configOf(options: Partial<AgentOptions>): AgentConfig {
  return completeConfig(resolveOptions(agentOptions, options), "host").config;
}

function restore(options: Partial<AgentOptions>, content?: string) {
  if (content !== undefined) writeFileSync(path, content);
  return restoreState(configOf(options), { enabled: () => true, log: (_level, line) => void log.push(line) });
}

describe("a tags file", () => {
  test("gives the tags, and says how many", () => {
    expect(restore({ tagsFile: path }, '{\n  "a": "1",\n  "b": "x"\n}').tags).toEqual({ a: "1", b: "x" });
    expect(log).toEqual([`agent: Restored 2 tag(s) from ${path}`]);
  });

  test("may be missing, and is not created before there are tags", () => {
    expect(restore({ tagsFile: path }).tags).toEqual({});
    expect(readdirSync(folder)).toEqual([]);
    expect(log).toEqual([]);
  });

  test("excludes tags of the configuration, a role too", () => {
    for (const given of [{ tags: { a: "1" } }, { role: "web" }])
      expect(() => restore({ tagsFile: path, ...given })).toThrow("Tags config not allowed while using tag files");
  });

  test.each([
    ["", "Failed to decode tags file: unexpected end of JSON input"],
    ['{"a": ', "Failed to decode tags file: unexpected end of JSON input"],
    ['{"a" "b"}', 'Failed to decode tags file: unexpected "\\"" at line 1, column 6'],
    ['{"a": 1}', "Failed to decode tags file: json: cannot unmarshal number into Go value of type string"],
    ["[]", "Failed to decode tags file: json: cannot unmarshal array into Go value of type map[string]string"],
  ])("that holds %j is refused", (content, problem) => {
    expect(() => restore({ tagsFile: path }, content)).toThrow(problem);
  });

  test("that cannot be read is refused", () => {
    expect(() => restore({ tagsFile: folder })).toThrow(
      /^Failed to read tags file: read.*: illegal operation on a direc/,
    );
  });

  test("is written as the reference writes it, for its owner alone, and nothing is left beside it", () => {
    writeFileSync(path, "{}", { mode: 0o644 });
    writeTagsFile(path, { b: "<x>", a: "1" });
    expect(readFileSync(path, "utf8")).toBe('{\n  "a": "1",\n  "b": "\\u003cx\\u003e"\n}');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeTagsFile(path, {});
    expect(readFileSync(path, "utf8")).toBe("{}");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("that cannot be written is an error", () => {
    expect(() => writeTagsFile(join(folder, "no", "file"), {})).toThrow(
      /^Failed to write tags file: open .*: no such file/,
    );
  });
});

describe("a keyring file", () => {
  test("gives the keys in their order, and says how many", () => {
    const { keys } = restore({ keyringFile: path }, JSON.stringify([key, otherKey]));
    expect(keys.map((bytes) => Buffer.from(bytes).toString("base64"))).toEqual([key, otherKey]);
    expect(log).toEqual([`agent: Restored keyring with 2 keys from ${path}`]);
  });

  test("that is missing is an error", () => {
    expect(() => restore({ keyringFile: path })).toThrow(`stat ${path}: no such file or directory`);
  });

  test("excludes a key of the configuration", () => {
    const both = { keyringFile: path, encryptKey: key };
    expect(() => restore(both, "[]")).toThrow("Encryption key not allowed while using a keyring");
  });

  test.each([
    ["[]", "Keyring file contains no keys"],
    ["null", "Keyring file contains no keys"],
    ["", "Failed to decode keyring file: unexpected end of JSON input"],
    ["{}", "Failed to decode keyring file: json: cannot unmarshal object into Go value of type []string"],
    ["[1]", "Failed to decode keyring file: json: cannot unmarshal number into Go value of type string"],
    ['["!!"]', "Failed to decode key from keyring: illegal base64 data"],
    ['["aaaa"]', "Failed to restore keyring: key size must be 16, 24 or 32 bytes"],
  ])("that holds %j is refused", (content, problem) => {
    expect(() => restore({ keyringFile: path }, content)).toThrow(problem);
  });

  test("is not needed: a key of the configuration, or none, will do", () => {
    expect(restore({ encryptKey: otherKey }).keys).toEqual([new Uint8Array(16)]);
    expect(restore({}).keys).toEqual([]);
  });
});

describe("a keyring file that is written", () => {
  const keys = [otherKey, key].map((text) => Uint8Array.from(Buffer.from(text, "base64")));

  test("holds the keys in their order, for nobody else to read, and is read back", () => {
    writeFileSync(path, "[]", { mode: 0o644 });
    expect(writeKeyringFile(path, keys)).toBeUndefined();
    expect(readFileSync(path, "utf8")).toBe(`[\n  "${otherKey}",\n  "${key}"\n]`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["file"]);
    expect(restore({ keyringFile: path }).keys).toEqual(keys);
  });

  test("says why it could not be", () => {
    const missing = join(folder, "missing", "file");
    expect(writeKeyringFile(missing, keys)).toMatch(
      /^Failed to write keyring file: open .*: no such file or directory$/,
    );
  });
});
