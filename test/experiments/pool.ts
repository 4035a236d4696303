/** Tasks for as many threads as asked for. */

import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";

/** `done` is called for each task as it is answered. `file`, beside this one, answers each message with one of its own. */
export async function runTasks<Task, Answer>(
  file: string,
  tasks: readonly Task[],
  workers: number,
  done: (answer: Answer, task: Task, left: number) => void,
): Promise<void> {
  // Threads know no TypeScript: they are given everything in one piece of JavaScript.
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    ...{ bundle: true, write: false, platform: "node", format: "cjs", target: "node20.19", logLevel: "warning" },
  });
  const waiting = [...tasks];
  let left = tasks.length;
  const work = async () => {
    const worker = new Worker(outputFiles[0]!.text, { eval: true });
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const given = task;
      const answer = await new Promise<Answer>((resolve, reject) => {
        worker.once("error", reject);
        worker.once("message", (answered: Answer) => {
          worker.off("error", reject);
          resolve(answered);
        });
        worker.postMessage(given);
      });
      done(answer, given, --left);
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: workers }, work));
}
