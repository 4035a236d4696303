/**
 * Durations as Go writes them ("300ms", "1m30s", "1.5h"), which is how Serf's flags and configuration files hold them. Inside
 * they are milliseconds, with a fraction where someone asks for less.
 */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  // The Greek letter, which keyboards give where the micro sign (above) is meant.
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's 64 bits of nanoseconds: about 292 years. */
const durationMsMax = 2 ** 63 / 1e6;

/** Reads a duration into milliseconds. The problem's text is Go's, as operators know it from Serf. */
export function parseDuration(text: string): { readonly value: number } | { readonly problem: string } {
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return { value: 0 };
  if (rest === "") return { problem: `time: invalid duration ${JSON.stringify(text)}` };
  let totalMs = 0;
  while (rest !== "") {
    const [part, number = "", unit = ""] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (part === undefined) return { problem: `time: invalid duration ${JSON.stringify(text)}` };
    if (unit === "") return { problem: `time: missing unit in duration ${JSON.stringify(text)}` };
    const scale = Object.hasOwn(unitMs, unit) ? unitMs[unit] : undefined;
    if (scale === undefined)
      return { problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` };
    totalMs += Number(number) * scale;
    rest = rest.slice(part.length);
  }
  if (totalMs > durationMsMax) return { problem: `time: invalid duration ${JSON.stringify(text)}` };
  return { value: sign * totalMs };
}

/** Writes milliseconds as Go does: "1.5s", "1h0m0s", "250µs", "0s". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs === 0) return "0s";
  if (durationMs < 1e-3) return `${trimmed(durationMs * 1e6, 0)}ns`;
  if (durationMs < 1) return `${trimmed(durationMs * 1e3, 3)}µs`;
  if (durationMs < 1000) return `${trimmed(durationMs, 6)}ms`;
  // Rounded to nanoseconds before it is divided, so that 59.9999999996 s does not become "0m60s".
  const totalMs = Math.round(durationMs * 1e6) / 1e6;
  const hours = Math.floor(totalMs / 3_600_000);
  const minutes = Math.floor((totalMs % 3_600_000) / 60_000);
  const seconds = `${trimmed((totalMs % 60_000) / 1000, 9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** At most `digits` decimals, without the zeros at the end. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
