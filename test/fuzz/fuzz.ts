/**
 * Feeds damaged inputs to a decoder. A corpus grows: whatever runs code that had not run before, or ends in a way that was not seen before (a
 * value of another shape, a refusal in other words), is damaged further. What it was seeded with and what it draws is all there is to it,
 * so a seed replays a run.
 */

import { hexEncode } from "../../src/base/bytes.ts";
import { SeededRandom } from "../../src/simulator/seeded-random.ts";
import type { Coverage } from "./coverage.ts";
import { mutate } from "./mutate.ts";

export interface FuzzTarget {
  /** Well-formed inputs, to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** More of them, drawn anew for each batch. */
  readonly draw?: ((seed: number) => readonly Uint8Array[]) | undefined;
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
  /** The one that took longest. */
  readonly slowest: Uint8Array;
  /** What the run learned. */
  readonly corpus: readonly Uint8Array[];
  /** Of these, what ran code that nothing had run before; empty without `coverage`. */
  readonly furthest: readonly Uint8Array[];
  readonly findings: readonly FuzzFinding[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly corpus?: readonly Uint8Array[];
  /** Steers by the code that runs. What it knows already is no news. */
  readonly coverage?: Coverage;
}

const inputMsMax = 50;
/** What takes longer is timed again, by the processor's time alone: the other work of this machine is not the input's fault. */
const suspiciousMs = 5;
const findingsMax = 10;
const corpusMax = 4096;
/** Coverage is looked at after so many inputs; the one that brought news is then searched for. */
const batchInputs = 256;

export function fuzz(target: FuzzTarget, { seed, inputs, corpus = [], coverage }: FuzzOptions): FuzzReport {
  const run = new FuzzRun(target, new SeededRandom(seed), corpus, coverage);
  while (run.inputs < inputs && run.findings.length < findingsMax)
    run.batch(Math.min(batchInputs, inputs - run.inputs));
  return run.report();
}

class FuzzRun {
  inputs = 0;
  readonly findings: FuzzFinding[] = [];
  private readonly target: FuzzTarget;
  private readonly random: SeededRandom;
  private readonly coverage: Coverage | undefined;
  private readonly corpus: Uint8Array[];
  private readonly given: number;
  private readonly furthest: Uint8Array[] = [];
  private readonly shapes = new Set<string>();
  private readonly known = new Set<string>();
  private readonly counts = { decoded: 0, refused: 0, slowestMs: 0, slowest: new Uint8Array(0) };

  constructor(target: FuzzTarget, random: SeededRandom, kept: readonly Uint8Array[], coverage: Coverage | undefined) {
    this.target = target;
    this.random = random;
    this.coverage = coverage;
    this.corpus = [...target.seeds, ...kept];
    this.given = this.corpus.length;
    coverage?.look();
  }

  batch(size: number): void {
    const { corpus, random, target } = this;
    const drawn = target.draw?.(random.below(2 ** 31)) ?? [];
    const inputs = Array.from({ length: size }, () => {
      if (this.inputs < this.given) return corpus[this.inputs++]!;
      this.inputs += 1;
      const bases = drawn.length > 0 && random.below(4) === 0 ? drawn : corpus;
      return mutate(bases[random.below(bases.length)]!, corpus, random).subarray(0, target.inputBytesMax);
    });
    for (const input of inputs) this.try(input);
    const reached = this.coverage?.look();
    if (reached === undefined || this.coverage?.isNews(reached) !== true) return;
    this.searchNews(inputs, this.coverage);
    // What ran only the first time, and was not found again.
    this.coverage.learn(reached);
  }

  report(): FuzzReport {
    const { inputs, counts, corpus, given, furthest, findings } = this;
    return { inputs, ...counts, corpus: corpus.slice(given), furthest, findings };
  }

  private try(input: Uint8Array): void {
    const { target, counts, findings, shapes } = this;
    const run = runOnce(target, input);
    if ("problem" in run) {
      findings.push({ kind: "exception", what: run.problem, input });
      return;
    }
    const { result, tookMs } = run;
    if (tookMs > counts.slowestMs) Object.assign(counts, { slowestMs: tookMs, slowest: input });
    if (tookMs > inputMsMax) findings.push({ kind: "time", what: `${Math.round(tookMs)} ms`, input });
    counts[target.isRefusal(result) ? "refused" : "decoded"] += 1;
    const heldBytes = footprintBytes(result, input.length);
    if (heldBytes > target.resultBytesMax(input.length))
      findings.push({ kind: "memory", what: `${heldBytes} bytes of ${input.length}`, input });
    const shape = shapeOf(result, 0);
    if (shapes.has(shape)) return;
    shapes.add(shape);
    this.keep(input);
  }

  /** Runs halves of what brought news until single inputs are left. */
  private searchNews(inputs: readonly Uint8Array[], coverage: Coverage): void {
    coverage.look();
    for (const input of inputs) runOnce(this.target, input);
    const reached = coverage.look();
    if (!coverage.isNews(reached)) return;
    if (inputs.length === 1) {
      coverage.learn(reached);
      this.keep(inputs[0]!);
      this.furthest.push(inputs[0]!);
      return;
    }
    const middle = inputs.length >> 1;
    this.searchNews(inputs.slice(0, middle), coverage);
    this.searchNews(inputs.slice(middle), coverage);
  }

  private keep(input: Uint8Array): void {
    const key = hexEncode(input);
    if (this.corpus.length >= corpusMax || this.inputs <= this.given || this.known.has(key)) return;
    this.known.add(key);
    this.corpus.push(input);
  }
}

function runOnce(target: FuzzTarget, input: Uint8Array): { result: unknown; tookMs: number } | { problem: string } {
  try {
    const first = timed(target, input);
    if (first.tookMs <= suspiciousMs) return first;
    const times = Array.from({ length: 3 }, () => processorMs(target, input));
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

function processorMs(target: FuzzTarget, input: Uint8Array): number {
  const before = process.cpuUsage();
  target.decode(Uint8Array.from(input));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
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
