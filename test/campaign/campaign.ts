/** Many seeds, on as many threads as asked for. */

import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { SeedResult, SeedTask } from "./seed-run.ts";

/** So often a seed is run twice, to see that both go the same way. */
const twiceEvery = 16;

export interface CampaignOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly ticks: number;
  readonly workers: number;
  /** Begins no seed after this time. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  done(result: SeedResult, summary: CampaignSummary): void;
}

export interface CampaignSummary {
  /** Seeds that are done. */
  seeds: number;
  failed: number[];
  simulatedMs: number;
  /** Each node counts for itself. */
  nodeMs: number;
  events: number;
  wallMs: number;
  /** How often each kind of step was taken, and each kind of harm done to traffic. */
  readonly steps: Record<string, number>;
  readonly traffic: Record<string, number>;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignSummary> {
  const beganMs = performance.now();
  const summary: CampaignSummary = {
    ...{ seeds: 0, failed: [], simulatedMs: 0, nodeMs: 0, events: 0, wallMs: 0 },
    ...{ steps: {}, traffic: {} },
  };
  let next = options.firstSeed;
  const isOver = () =>
    next >= options.firstSeed + options.seeds ||
    options.signal?.aborted === true ||
    performance.now() - beganMs >= (options.limitMs ?? Number.POSITIVE_INFINITY);
  const take = (): SeedTask | undefined => {
    if (isOver()) return undefined;
    const seed = next++;
    return { seed, ticks: options.ticks, twice: seed % twiceEvery === 0 };
  };
  const count = (result: SeedResult) => {
    addUp(summary, result);
    summary.wallMs = performance.now() - beganMs;
    options.done(result, summary);
  };
  const code = await bundleWorker();
  await Promise.all(Array.from({ length: options.workers }, () => work(code, take, count)));
  summary.wallMs = performance.now() - beganMs;
  return summary;
}

/** Threads know no TypeScript: they are given everything in one piece of JavaScript. */
async function bundleWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("./worker.ts", import.meta.url))],
    ...{ bundle: true, write: false, platform: "node", format: "cjs", target: "node20.19", logLevel: "warning" },
  });
  return outputFiles[0]!.text;
}

/** Keeps one thread busy until there is no task left. */
function work(code: string, take: () => SeedTask | undefined, count: (result: SeedResult) => void): Promise<void> {
  const worker = new Worker(code, { eval: true });
  return new Promise<void>((resolve, reject) => {
    const proceed = () => {
      const task = take();
      if (task === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(task);
    };
    worker.on("message", (result: SeedResult) => {
      count(result);
      proceed();
    });
    worker.on("error", reject);
    proceed();
  });
}

function addUp(summary: CampaignSummary, result: SeedResult): void {
  summary.seeds++;
  if (result.verdict === "failed") summary.failed.push(result.seed);
  summary.simulatedMs += result.simulatedMs;
  summary.nodeMs += result.simulatedMs * result.nodes;
  summary.events += result.events;
  for (const [kind, times] of Object.entries(result.steps)) summary.steps[kind] = (summary.steps[kind] ?? 0) + times;
  for (const [kind, times] of Object.entries(result.traffic))
    summary.traffic[kind] = (summary.traffic[kind] ?? 0) + times;
}

/** What to say of a seed that failed: what is wrong, and how to see it again. */
export function describeFailure({ seed, violations, smallest }: SeedResult, ticks: number): string {
  const lines = violations.map(
    ({ checker, atMs, node, problem }) =>
      `  ${checker}${node === undefined ? "" : ` at ${node}`}, ${Math.round(atMs)} ms: ${problem}`,
  );
  const steps = smallest?.steps.map((step) => `    ${JSON.stringify(step)}`) ?? [];
  return [
    `seed ${seed} failed:`,
    ...lines,
    `  replay: npm run simulate -- --seed ${seed} --ticks ${ticks}`,
    "  the same with fewer steps:",
    ...steps,
  ].join("\n");
}
