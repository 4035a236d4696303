/** Many seeds, on as many threads as asked for. */

import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { CampaignRecord } from "./record.ts";
import type { SeedResult, SeedTask } from "./seed-run.ts";

/** So often a seed is run twice, to see that both go the same way. */
const twiceEvery = 16;

export interface CampaignOptions {
  /** Where results are added; seeds that are done already are not run again. */
  readonly record: CampaignRecord;
  /** Seeds up to and including this one. */
  readonly lastSeed: number;
  readonly workers: number;
  /** Begins no seed after this time. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** Called after each seed, once it is in the record. */
  done(result: SeedResult): void;
}

/** Resolves when all seeds are done, or those that were under way when the time was up or the signal came. */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { record, lastSeed, workers, limitMs = Number.POSITIVE_INFINITY, signal, done } = options;
  const beganMs = performance.now();
  let next = record.nextSeed;
  const take = (): SeedTask | undefined => {
    while (record.isDone(next)) next++;
    const isOver = next > lastSeed || signal?.aborted === true || performance.now() - beganMs >= limitMs;
    if (isOver) return undefined;
    const seed = next++;
    return { seed, ticks: record.ticks, twice: seed % twiceEvery === 0 };
  };
  const count = (result: SeedResult) => {
    record.add(result);
    done(result);
  };
  const code = await bundleWorker();
  await Promise.all(Array.from({ length: workers }, () => work(code, take, count)));
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
