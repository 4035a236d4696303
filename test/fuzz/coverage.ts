/**
 * Which code has run, as V8 counts its blocks: what steers a fuzzer to inputs that get further than others did. V8 counts blocks of functions that it
 * compiles, when they first run, after counting began. So it begins when this module is loaded, and never ends.
 */

import { Session } from "node:inspector";

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** A byte for each character of a script: 1 where code ran. */
export type Reached = Map<string, Uint8Array>;

/** Our own code, and the libraries that read strangers' bytes for it. */
export function isFuzzed(url: string): boolean {
  return /\/src\/(?!simulator)[\w/-]+\.ts|\/node_modules\/(dns-packet|msgpackr|re2js)\//.test(url);
}

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** What ran, and what of it is news. Only one at a time may look. */
export class Coverage {
  private readonly isWatched: (url: string) => boolean;
  private readonly known: Reached;

  /** Of scripts whose address `isWatched` likes; `known` is what ran before, and is added to. */
  constructor(isWatched: (url: string) => boolean, known: Reached = new Map()) {
    this.isWatched = isWatched;
    this.known = known;
    this.look();
  }

  /** What ran since the last look. */
  look(): Reached {
    return sinceLastLook(this.isWatched);
  }

  isNews(reached: Reached): boolean {
    for (const [url, marks] of reached) {
      const known = this.known.get(url);
      if (known === undefined || marks.some((mark, at) => mark === 1 && known[at] !== 1)) return true;
    }
    return false;
  }

  /** It is no news from now on. */
  learn(reached: Reached): void {
    for (const [url, marks] of reached) {
      const known = this.known.get(url);
      this.known.set(url, known === undefined ? marks : union(known, marks));
    }
  }

  /** Characters of source that ran. */
  get reachedCharacters(): number {
    let count = 0;
    for (const marks of this.known.values()) for (const mark of marks) count += mark;
    return count;
  }
}

/** V8 starts counting anew with each answer, which comes at once. */
function sinceLastLook(isWatched: (url: string) => boolean): Reached {
  const reached: Reached = new Map();
  session.post("Profiler.takePreciseCoverage", (error, { result }: { result: readonly ScriptCoverage[] }) => {
    if (error !== null) throw error;
    for (const script of result) {
      if (!isWatched(script.url)) continue;
      // A script may be there twice, as a module and as what imports it with a query.
      const marks = marksOf(script);
      const others = reached.get(script.url);
      reached.set(script.url, others === undefined ? marks : union(others, marks));
    }
  });
  return reached;
}

/** Ranges lie within each other, outer ones first: each says of its own characters whether they ran. */
function marksOf({ functions }: ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  const length = ranges.reduce((max, { endOffset }) => Math.max(max, endOffset), 0);
  const marks = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of ranges) marks.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return marks;
}

function union(some: Uint8Array, others: Uint8Array): Uint8Array {
  const [longer, shorter] = some.length >= others.length ? [some, others] : [others, some];
  return longer.map((mark, at) => mark | (shorter[at] ?? 0));
}
