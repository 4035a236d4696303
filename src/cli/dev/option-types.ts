import { parseDuration } from "../../base/duration.ts";
import type { OptionType } from "../../base/options.ts";

/** A share of the whole, "5%", as a number from 0 to 1. */
export function percentage(): OptionType<number> {
  return {
    name: "percentage",
    readText: (text) => ({ value: /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : text }),
    check: (value) =>
      typeof value === "number" && value >= 0 && value <= 1
        ? { value }
        : { problem: `must be a percentage such as 5%, is ${JSON.stringify(value)}` },
  };
}

/** A cluster that comes apart for a while. */
export interface Split {
  readonly forMs: number;
  /** The share of the nodes on the first side. */
  readonly share: number;
}

/** "30s" for halves, "30s|10/90" for a tenth and the rest. */
export function split(): OptionType<Split | undefined> {
  const wrong = { problem: 'must be a duration such as 30s, or with two shares such as "30s|10/90"' };
  return {
    name: "duration|A/B",
    readText: (text) => {
      const [, time = "", a, b] = /^([^|]+)(?:\|(\d+)\/(\d+))?$/.exec(text) ?? [];
      const parsed = parseDuration(time);
      const [one, other] = [Number(a ?? 1), Number(b ?? 1)];
      if ("problem" in parsed || parsed.value <= 0 || one === 0 || other === 0) return wrong;
      return { value: { forMs: parsed.value, share: one / (one + other) } };
    },
    check: (value) => ({ value: value as Split | undefined }),
  };
}
