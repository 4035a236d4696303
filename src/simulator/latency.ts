import type { Random } from "../base/host.ts";

/**
 * How long the way takes, in milliseconds: always the same, or drawn anew for each packet.
 * "lognormal" is what measured networks look like: most packets near the median, some very late; `sigma` 0.5 puts 1 in 100 at 3.2 times the
 * median. "table" draws one of the given times, so that a measurement can be replayed.
 */
export type Latency =
  | number
  | { readonly kind: "uniform"; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: "normal"; readonly meanMs: number; readonly deviationMs: number }
  | { readonly kind: "lognormal"; readonly medianMs: number; readonly sigma: number }
  | { readonly kind: "table"; readonly ms: readonly number[] };

/** Never negative. A fixed latency draws nothing. */
export function drawLatencyMs(latency: Latency, random: Random): number {
  if (typeof latency === "number") return latency;
  switch (latency.kind) {
    case "uniform":
      return latency.minMs + random.fraction() * (latency.maxMs - latency.minMs);
    case "normal":
      return Math.max(0, latency.meanMs + latency.deviationMs * drawNormal(random));
    case "lognormal":
      return latency.medianMs * Math.exp(latency.sigma * drawNormal(random));
    case "table":
      return latency.ms[random.below(latency.ms.length)]!;
  }
}

/** What is wrong with it, if anything. */
export function latencyProblem(latency: Latency): string | undefined {
  if (typeof latency === "number") return isTime(latency) ? undefined : `is ${latency} ms`;
  if (latency.kind === "table")
    return latency.ms.length > 0 && latency.ms.every(isTime) ? undefined : "has an empty table or a wrong time";
  const { kind, ...numbers } = latency;
  if (!Object.values(numbers).every(isTime)) return `has a number that is not 0 or more: ${JSON.stringify(latency)}`;
  if (kind === "uniform" && latency.minMs > latency.maxMs) return "has a least time above the greatest";
  return undefined;
}

/** Box and Muller's method, of whose two numbers one is used: what is drawn then depends on nothing before. */
function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0;
}
