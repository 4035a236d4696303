import { SerfError } from "../base/errors.ts";
import type { KeyedOptions } from "../plugins/keyed-options.ts";
import type { TimerSource } from "../plugins/scheduler.ts";
import type { FromThread, PluginDescription, ThreadSetup } from "../plugins/thread/messages.ts";
import type { SpawnThread } from "./worker-thread.ts";

const inspectTimeoutMs = 30_000;

export interface Inspection {
  readonly description: PluginDescription;
  /** With the texts of the setup added. */
  readonly options: KeyedOptions;
}

/**
 * Loads a plugin and checks its options in a thread that is thrown away, and does not start it. Rejects with PLUGIN_INVALID: it is none,
 * or its options are wrong.
 */
export async function inspectPlugin(setup: ThreadSetup, spawn: SpawnThread, timers: TimerSource): Promise<Inspection> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      reject(new SerfError("PLUGIN_INVALID", reason));
      finish();
    };
    const thread = spawn(setup, {
      received: (message: FromThread) => {
        if (message.kind === "notice" && message.notice.kind === "failed") fail(message.notice.reason);
        if (message.kind !== "loaded") return;
        // First, since the end of the thread is a failure otherwise.
        resolve({ description: message.description, options: message.options });
        finish();
      },
      ended: (why) => fail(why),
    });
    const cancel = timers.after(inspectTimeoutMs, () => fail(`it is not loaded within ${inspectTimeoutMs / 1000} s`));
    const finish = (): void => {
      cancel();
      thread.terminate();
    };
  });
}
