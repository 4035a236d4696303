import type { PluginContext } from "../plugin.ts";

/** HAProxy as the balancer needs it, whoever runs it. */
export interface HaproxyProcess {
  /** It is a child of the plugin. */
  readonly isOurs: boolean;
  /** It was loaded, and has not ended since. */
  readonly runs: boolean;
  /** The socket that takes commands for servers, if there is one. */
  readonly socket: string | undefined;
  /** Starts it, or has it read its files anew. Rejects with HAProxy's own words; what ran before then goes on. */
  load(): Promise<void>;
  /** The file is what it was when nobody looked: true where HAProxy has read that, from whatever time on. */
  assumeLoaded(): boolean;
  /** Ends it when its clients are served, where that is the plugin's task. */
  stop(): Promise<void>;
}

const complaintLengthMax = 1_000;

export type Surroundings = Pick<PluginContext, "processes" | "logger">;

/** Of its lines, those that say what is wrong. */
export function complaints(lines: readonly string[]): string {
  const alerts = lines.filter((line) => line.startsWith("[ALERT]"));
  const said = (alerts.length > 0 ? alerts : lines.slice(-5))
    .map((line) => line.replace(/^\[ALERT\]\s*\(\d+\) : (config : )?/, "").trim())
    .filter((line) => line !== "" && !/^(Fatal errors|Error\(s\)) found in configuration/.test(line));
  return said.join("; ").slice(0, complaintLengthMax);
}

/** Resolves to the first result that is not undefined, asked for every 25 ms. Rejects with the problem when the time is over. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  timeoutMs: number,
  problem: () => string,
): Promise<T> {
  const giveUpAtMs = performance.now() + timeoutMs;
  for (;;) {
    const result = await ask();
    if (result !== undefined) return result;
    if (performance.now() >= giveUpAtMs) throw new Error(problem());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
