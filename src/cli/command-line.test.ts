import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Terminal } from "./command.ts";
import { parseCommandLine, runCommandLine } from "./command-line.ts";
import { commandLoaders } from "./commands/index.ts";
import { version } from "./version.ts";

/** Runs a command line that needs no agent; `agent` is an address where none is. */
async function run(...words: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const terminal: Terminal = {
    environment: { SERF_RPC_ADDR: "nowhere" },
    print: (line) => void out.push(line),
    printError: (line) => void errors.push(line),
    flushed: () => Promise.resolve(),
    onInterrupt: () => {},
  };
  const exitCode = await runCommandLine(words, terminal);
  return { exitCode, out: out.join("\n"), errors: errors.join("\n") };
}

describe("a command line", () => {
  test("without a command, or with one that does not exist, is answered by the overview and exit code 127 (detail 21)", async () => {
    for (const words of [[], ["nosuch"], ["nosuch", "-h"], ["-version"], [""]]) {
      const { exitCode, out, errors } = await run(...words);
      expect(exitCode).toBe(127);
      expect(out).toBe("");
      expect(errors).toMatch(/^Usage: serf /);
      for (const name of Object.keys(commandLoaders)) expect(errors).toContain(`    ${name} `);
    }
  });

  test("with -v anywhere prints the version (detail 21)", async () => {
    const printed = `${version}\nAgent Protocol: 5 (Understands back to: 2)`;
    for (const words of [
      ["-v"],
      ["--version"],
      ["version"],
      ["version", "-format=json"],
      ["members", "-v"],
      ["event", "x", "-v"],
    ]) {
      expect(await run(...words)).toEqual({ exitCode: 0, out: printed, errors: "" });
    }
  });

  test("prints the version of the package", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(version).toBe(manifest.version);
  });

  test("with a help flag anywhere before -- prints help to stderr", async () => {
    for (const words of [
      ["event", "-h"],
      ["event", "x", "--help"],
      ["-help", "event"],
    ]) {
      const { exitCode, out, errors } = await run(...words);
      expect([exitCode, out]).toEqual([0, ""]);
      expect(errors).toMatch(/^Usage: serf event \[options\] name \[payload\]\n/);
    }
    expect((await run("-h")).exitCode).toBe(0);
    expect(parseCommandLine(["event", "--", "-h"])).toMatchObject({ wantsHelp: false, args: ["--", "-h"] });
  });

  test("with flags before the command is refused", async () => {
    const { exitCode, out, errors } = await run("--foo", "event");
    expect([exitCode, out]).toEqual([1, ""]);
    expect(errors).toMatch(/^Invalid flags before the subcommand\./);
  });
});

describe("every command", () => {
  test.each(Object.keys(commandLoaders))(
    "%s: has help with its flags, all documented, and an example",
    async (name) => {
      const command = await commandLoaders[name]!();
      expect(command.name).toBe(name);
      const { errors } = await run(name, "-h");
      expect(errors).toContain(`  serf ${command.example}`);
      for (const option of Object.values(command.options)) {
        if (option.flag !== undefined) expect(errors).toContain(`  -${option.flag}`);
        expect(option.doc).toMatch(/^[A-Z].*\.$/s);
      }
      for (const line of errors.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      expect(errors).not.toMatch(/undefined|\[object/);
    },
  );

  test.each(Object.keys(commandLoaders).filter((name) => !["keygen", "version"].includes(name)))(
    "%s: says in one line of stderr which flag it does not know, and on stdout where its help is",
    async (name) => {
      const { exitCode, out, errors } = await run(name, "-nope", "x");
      expect([exitCode, errors]).toEqual([1, "flag provided but not defined: -nope"]);
      expect(out).toMatch(new RegExp(`^Usage: serf ${name} .*, explained by \`serf ${name} -h\`$`));
    },
  );

  test.each([
    [["event"], "An event name must be specified."],
    [["event", "a", "b", "c"], "Too many command line arguments. Only a name and payload must be specified."],
    [["force-leave"], "A node name must be specified to force leave."],
    [["force-leave", "a", "b"], "A node name must be specified to force leave."],
    [["join"], "At least one address to join must be specified."],
  ])("%j: says what is missing, then its help, to stdout", async (words, why) => {
    const { exitCode, out, errors } = await run(...words);
    expect([exitCode, errors]).toEqual([1, ""]);
    expect(out.startsWith(`${why}\n\nUsage: serf ${words[0]}`)).toBe(true);
  });

  test.each([
    [["members", "-tag", "foo"], "Error: Invalid tag: 'foo'"],
    [["members", "-tag", "=foo"], "Error: Invalid tag: '=foo'"],
    [
      ["members", "-role=x", "-tag=y"],
      "Deprecation warning: 'Role' has been replaced with 'Tags'\nError: Invalid tag: 'y'",
    ],
    [["leave"], "Error connecting to Serf agent: dial tcp: address nowhere: missing port in address"],
    [
      ["info", "-rpc-addr=a:b:c"],
      "Error connecting to Serf agent: dial tcp: address a:b:c: too many colons in address",
    ],
  ])("%j: ends with exit code 1 and the reference's words", async (words, told) => {
    expect(await run(...words)).toEqual({ exitCode: 1, out: told, errors: "" });
  });

  test("tags without anything to change prints its help", async () => {
    const { exitCode, out } = await run("tags");
    expect([exitCode, out.startsWith("Usage: serf tags")]).toEqual([1, true]);
  });

  test.each([
    [["-install=a", "-use=b"]],
    [["-use=a", "-remove=b"]],
    [["-remove=a", "-list"]],
    [["-install=a", "-use=b", "-remove=c", "-list"]],
  ])("keys refuses to do two things at once: %j", async (words) => {
    const out = "Only one of -install, -use, -remove, or -list allowed";
    expect(await run("keys", ...words)).toEqual({ exitCode: 1, out, errors: "" });
  });

  test("keys without anything to do prints its help", async () => {
    const { exitCode, out } = await run("keys");
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^Usage: serf keys \[options\]\n/);
    expect((await run("keys", "-list")).out).toMatch(/^Error connecting to Serf agent: /);
  });

  test("keygen prints 32 bytes in base64, another time others", async () => {
    const [one, two] = [await run("keygen"), await run("keygen", "-ignored")];
    expect(Buffer.from(one.out, "base64")).toHaveLength(32);
    expect(two.exitCode).toBe(0);
    expect(two.out).not.toBe(one.out);
  });
});
