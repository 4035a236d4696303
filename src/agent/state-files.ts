/** What an agent keeps in files of its own: its tags and its encryption keys. Format and words are the reference's. */

import { readFileSync, statSync } from "node:fs";
import { base64Decode, base64Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { indentedJson } from "../base/go-json.ts";
import type { Logger } from "../base/host.ts";
import { describeFileFailure } from "../host/file-failure.ts";
import { writeFileWhole } from "../host/write-file.ts";
import type { Tags } from "../serf/member.ts";
import { isKeyLength } from "../wire/cipher.ts";
import type { AgentConfig } from "./config.ts";
import { findJsonProblem } from "./json-problem.ts";

/** Tags and keys may be nobody else's business. */
const fileMode = 0o600;

/** Configuration with what the files hold, in the form in which a node takes it. */
export interface RestoredState {
  readonly tags: Tags;
  /** The primary key first; without any the node does not encrypt. */
  readonly keys: readonly Uint8Array[];
}

/** Throws STATE_FILE_FAILED or INVALID_OPTION: the agent does not start on a guess. */
export function restoreState(config: AgentConfig, logger: Logger): RestoredState {
  return { tags: restoreTags(config, logger), keys: restoreKeys(config, logger) };
}

/** Tags in a file and in the configuration would contradict each other sooner or later. */
export function checkTagsSource({ tags, tagsFile }: Pick<AgentConfig, "tags" | "tagsFile">): void {
  if (tagsFile !== "" && Object.keys(tags).length > 0)
    throw new SerfError("INVALID_OPTION", "Tags config not allowed while using tag files");
}

/** Throws STATE_FILE_FAILED; the file then holds what it held before. */
export function writeTagsFile(path: string, tags: Tags): void {
  const sorted = Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
  const problem = writeFileWhole(path, indentedJson(sorted), fileMode);
  if (problem !== undefined) throw new SerfError("STATE_FILE_FAILED", `Failed to write tags file: ${problem}`);
}

/** The primary key first. Returns what went wrong; the file then holds what it held before. */
export function writeKeyringFile(path: string, keys: readonly Uint8Array[]): string | undefined {
  const problem = writeFileWhole(path, indentedJson(keys.map(base64Encode)), fileMode);
  return problem && `Failed to write keyring file: ${problem}`;
}

function restoreTags(config: AgentConfig, logger: Logger): Tags {
  const { tags, tagsFile: path } = config;
  if (path === "") return tags;
  checkTagsSource(config);
  // The first time there is none.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return {};
  const restored = readTags(readJson(path, "tags"));
  logger.log("INFO", `agent: Restored ${Object.keys(restored).length} tag(s) from ${path}`);
  return restored;
}

function restoreKeys({ encryptKey, keyringFile: path }: AgentConfig, logger: Logger): readonly Uint8Array[] {
  if (path === "") return encryptKey === "" ? [] : [decodeKey(encryptKey)];
  if (encryptKey !== "") throw new SerfError("INVALID_OPTION", "Encryption key not allowed while using a keyring");
  try {
    statSync(path);
  } catch (error) {
    throw new SerfError("STATE_FILE_FAILED", describeFileFailure(error), { cause: error });
  }
  const keys = readKeys(readJson(path, "keyring"));
  logger.log("INFO", `agent: Restored keyring with ${keys.length} keys from ${path}`);
  return keys;
}

function readTags(json: unknown): Tags {
  if (json === null) return {};
  if (typeof json !== "object" || Array.isArray(json)) throw wrongType("tags", json, "map[string]string");
  for (const value of Object.values(json)) if (typeof value !== "string") throw wrongType("tags", value, "string");
  return json as Tags;
}

function readKeys(json: unknown): readonly Uint8Array[] {
  if (json !== null && !Array.isArray(json)) throw wrongType("keyring", json, "[]string");
  const keys = (json ?? []).map((key: unknown) => {
    if (typeof key !== "string") throw wrongType("keyring", key, "string");
    return decodeKey(key);
  });
  if (keys.length === 0) throw new SerfError("STATE_FILE_FAILED", "Keyring file contains no keys");
  return keys;
}

/** No message repeats a key, not even a wrong one. */
function decodeKey(text: string): Uint8Array {
  const key = base64Decode(text);
  if (key === undefined) throw new SerfError("INVALID_KEY", "Failed to decode key from keyring: illegal base64 data");
  if (!isKeyLength(key.length))
    throw new SerfError("INVALID_KEY", "Failed to restore keyring: key size must be 16, 24 or 32 bytes");
  return key;
}

function readJson(path: string, what: "tags" | "keyring"): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const problem = `Failed to read ${what} file: ${describeFileFailure(error)}`;
    throw new SerfError("STATE_FILE_FAILED", problem, { cause: error });
  }
  const problem = findJsonProblem(text);
  if (problem === undefined) return JSON.parse(text);
  const { line, column, found } = problem;
  const where =
    found === "unexpected end" ? "unexpected end of JSON input" : `${found} at line ${line}, column ${column}`;
  throw new SerfError("STATE_FILE_FAILED", `Failed to decode ${what} file: ${where}`);
}

/** In Go's words, which name its own types. */
function wrongType(what: "tags" | "keyring", value: unknown, wanted: string): SerfError {
  const type = Array.isArray(value)
    ? "array"
    : value === null
      ? "null"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;
  const problem = `json: cannot unmarshal ${type} into Go value of type ${wanted}`;
  return new SerfError("STATE_FILE_FAILED", `Failed to decode ${what} file: ${problem}`);
}
