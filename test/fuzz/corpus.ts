/** What earlier runs found worth keeping: a line of hex for each input, in test/fixtures/corpus/TARGET.txt. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hexDecode, hexEncode } from "../../src/base/bytes.ts";

const folder = new URL("../fixtures/corpus/", import.meta.url);

export function readCorpus(target: string): readonly Uint8Array[] {
  const file = new URL(`${target}.txt`, folder);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => hexDecode(line)!);
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = [...new Set(inputs.map(hexEncode))].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(new URL(`${target}.txt`, folder), `${lines.join("\n")}\n`);
}
