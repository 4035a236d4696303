/**
 * Feeds damaged inputs to a decoder. A corpus grows: whatever ends in a way that was not seen before (a value of another shape, a refusal
 * in other words) is damaged further. What it was seeded with and what it draws is all there is to it, so a seed replays a run.
 */

import { SeededRandom } from "../../src/simulator/seeded-random.ts";

export interface FuzzTarget {
  /** Well-formed inputs, to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** Inputs are cut to this length. */
  readonly inputBytesMax: number;
  /** Decodes the input. What it returns is taken for decoded, or for refused if `isRefusal`; it must not throw. */
  readonly decode: (input: Uint8Array) => unknown;
  readonly isRefusal: (result: unknown) => boolean;
  /** The most that a result of an input of that length may hold. */
  readonly resultBytesMax: (inputBytes: number) => number;
}

export interface FuzzFinding {
  readonly kind: "exception" | "memory" | "time";
  readonly what: string;
  readonly input: Uint8Array;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly decoded: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** Of the run. */
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly FuzzFinding[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly corpus?: readonly Uint8Array[];
}

const inputMsMax = 50;
const findingsMax = 10;
const corpusMax = 4096;

export function fuzz(target: FuzzTarget, { seed, inputs, corpus: kept = [] }: FuzzOptions): FuzzReport {
  const random = new SeededRandom(seed);
  const corpus = [...target.seeds, ...kept];
  const found = corpus.length;
  const seen = new Set<string>();
  const findings: FuzzFinding[] = [];
  const counts = { decoded: 0, refused: 0, slowestMs: 0 };
  let done = 0;
  for (; done < inputs && findings.length < findingsMax; done++) {
    const input = done < corpus.length ? corpus[done]! : mutate(corpus, random).subarray(0, target.inputBytesMax);
    const run = runOnce(target, input);
    if ("problem" in run) {
      findings.push({ kind: "exception", what: run.problem, input });
      continue;
    }
    const { result, tookMs } = run;
    counts.slowestMs = Math.max(counts.slowestMs, tookMs);
    if (tookMs > inputMsMax) findings.push({ kind: "time", what: `${Math.round(tookMs)} ms`, input });
    const refused = target.isRefusal(result);
    counts[refused ? "refused" : "decoded"] += 1;
    const heldBytes = footprintBytes(result, input.length);
    if (heldBytes > target.resultBytesMax(input.length))
      findings.push({ kind: "memory", what: `${heldBytes} bytes of ${input.length}`, input });
    const outcome = shapeOf(result, 0);
    if (!seen.has(outcome) && corpus.length < corpusMax) {
      seen.add(outcome);
      if (done >= found) corpus.push(input);
    }
  }
  return { inputs: done, ...counts, corpus: corpus.slice(found), findings };
}

function runOnce(target: FuzzTarget, input: Uint8Array): { result: unknown; tookMs: number } | { problem: string } {
  try {
    const first = timed(target, input);
    if (first.tookMs <= inputMsMax) return first;
    // The other work of this machine is not the input's fault.
    const times = Array.from({ length: 3 }, () => timed(target, input).tookMs);
    return { ...first, tookMs: Math.min(first.tookMs, ...times) };
  } catch (error) {
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function timed(target: FuzzTarget, input: Uint8Array): { result: unknown; tookMs: number } {
  const startedMs = performance.now();
  const result = target.decode(Uint8Array.from(input));
  return { result, tookMs: performance.now() - startedMs };
}

/** Numbers and heads that MessagePack, DNS and our own envelopes read lengths and kinds from. */
const telling: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0x8f],
  [0x90],
  [0x9f],
  [0xc0],
  [0xff, 0xff],
  [0xc0, 12],
  [0xdb, 0xff, 0xff, 0xff, 0xff],
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0x7f, 0xff, 0xff, 0xff],
  [0xc6, 0, 0, 1, 0],
  [0xcf, 255, 255, 255, 255, 255, 255, 255, 255],
  [0xd3, 128, 0, 0, 0, 0, 0, 0, 0],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [7, 255],
  [9, 0x82, 0xa4, 0x41, 0x6c, 0x67, 0x6f, 0, 0xa3, 0x42, 0x75, 0x66],
  [12, 0, 0, 0, 0],
  [244, 1, 65],
];

function mutate(corpus: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  let bytes = Array.from(corpus[random.below(corpus.length)]!);
  for (let edits = 1 + random.below(4); edits > 0; edits--) {
    const at = random.below(bytes.length + 1);
    const other = corpus[random.below(corpus.length)]!;
    switch (random.below(8)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        if (at < bytes.length) bytes[at] = (bytes[at]! + (random.below(2) === 0 ? 1 : 255)) & 0xff;
        break;
      case 3:
        bytes.splice(at, 1 + random.below(16));
        break;
      case 4:
        bytes.splice(at, random.below(3), ...telling[random.below(telling.length)]!);
        break;
      case 5:
        bytes = [...bytes.slice(0, at), ...other.subarray(random.below(other.length + 1))];
        break;
      case 6:
        // A part again: lists and maps with the same entry many times.
        bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random.below(32)));
        break;
      default:
        bytes = bytes.slice(0, at);
    }
  }
  return Uint8Array.from(bytes);
}

/** What a value holds, roughly as V8 does. Bytes count whole, unless they are a view of the input. */
function footprintBytes(value: unknown, inputBytes: number): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof Uint8Array) return 64 + (value.buffer.byteLength === inputBytes ? 0 : value.length);
  const children: unknown[] = value instanceof Map ? [...value.entries()].flat() : Object.values(value);
  return children.reduce<number>((bytes, child) => bytes + 8 + footprintBytes(child, inputBytes), 32);
}

/** Values with the same fields, and refusals in the same words but for their numbers and quotes, count as the same. */
function shapeOf(value: unknown, depth: number): string {
  if (typeof value === "string") return depth <= 2 ? `'${value.replace(/\d+|".*"|'.*'/g, "#").slice(0, 80)}` : "'";
  if (typeof value !== "object" || value === null) return typeof value;
  if (value instanceof Uint8Array || depth > 3) return "b";
  if (value instanceof Map || Array.isArray(value))
    return `[${Math.min(4, value instanceof Map ? value.size : value.length)}]`;
  if (depth > 0 && !("kind" in value)) return `{${Math.min(4, Object.keys(value).length)}}`;
  return `{${Object.entries(value)
    .slice(0, 12)
    .map(([key, child]) => `${key}:${key === "kind" || key === "reason" ? String(child) : shapeOf(child, depth + 2)}`)
    .join()}}`;
}
