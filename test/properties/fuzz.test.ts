import { expect, test } from "vitest";
import { hexEncode } from "../../src/base/bytes.ts";
import { readCorpus } from "../fuzz/corpus.ts";
import { type FuzzTarget, fuzz } from "../fuzz/fuzz.ts";
import { targets } from "../fuzz/targets.ts";

test.each(Object.keys(targets))("a decoder takes any bytes, in little time and memory: %s", (name) => {
  const corpus = readCorpus(name);
  const seed = Math.floor(Math.random() * 2 ** 32);
  const inputs = (name === "config" || name === "filter" ? 500 : 5_000) + corpus.length;
  const { findings, decoded, refused } = fuzz(targets[name]!, { seed, inputs, corpus });
  const told = findings.map(({ kind, what, input }) => `${kind}: ${what}, input ${hexEncode(input)}`);
  expect(told, `npm run fuzz -- --target ${name} --seed ${seed} --inputs ${inputs}`).toEqual([]);
  expect([decoded > 0, refused > 0]).toEqual([true, true]);
});

test.each<[string, (input: Uint8Array) => unknown]>([
  ["exception", (input) => (input[0] === 7 ? decodeURIComponent("%") : undefined)],
  ["memory", (input) => (input[0] === 7 ? new Uint8Array(100_000) : undefined)],
  ["time", (input) => (input[0] === 7 ? spin(60) : undefined)],
])("fuzzing finds what is wrong: %s", (kind, decode) => {
  const target: FuzzTarget = {
    seeds: [Uint8Array.of(6, 6)],
    inputBytesMax: 100,
    decode,
    isRefusal: () => false,
    resultBytesMax: () => 1000,
  };
  expect(fuzz(target, { seed: 1, inputs: 100 }).findings[0]).toMatchObject({ kind });
});

/** By the clock and by the processor's time, of which other threads of this process use some. */
function spin(ms: number): void {
  const before = process.cpuUsage();
  const endMs = performance.now() + ms;
  while (performance.now() < endMs || process.cpuUsage(before).user < ms * 1000);
}
