/** What ends a running agent, and with which exit code. */

import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../base/errors.ts";

export type AgentSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Go's names of the signals, as the banner prints them. */
const signalWords: Readonly<Record<AgentSignal, string>> = {
  SIGINT: "interrupt",
  SIGTERM: "terminated",
  SIGHUP: "hangup",
};

export interface Supervision {
  readonly agent: {
    readonly ended: Promise<void>;
    leavesOn(signal: "SIGINT" | "SIGTERM"): boolean;
    leaveCluster(): Promise<void>;
  };
  /** Calls `receive` for each signal; returns how to stop that. */
  readonly onSignal: (receive: (signal: AgentSignal) => void) => () => void;
  /** Resolves if -retry-join gave up; otherwise stays pending. */
  readonly gaveUp: Promise<void>;
  readonly reload: () => Promise<void>;
  /** Prints a line of the banner. */
  readonly say: (text: string) => void;
  /** A leave that takes longer counts as failed. */
  readonly gracefulTimeoutMs?: number;
}

/**
 * Resolves to the exit code as soon as something ends the agent: 0 after a graceful leave, by signal or by RPC, or when the
 * agent shut down by itself; 1 after a signal that does not mean to leave, a second signal, a leave that failed or took too
 * long, or a join that was given up. The caller shuts the agent down.
 */
export function superviseAgent(supervision: Supervision): Promise<number> {
  const { agent, onSignal, gaveUp, reload, say, gracefulTimeoutMs = 3000 } = supervision;
  return new Promise((resolve) => {
    let leaving = false;
    const exit = (code: number) => {
      unsubscribe();
      resolve(code);
    };
    const unsubscribe = onSignal((signal) => {
      if (leaving) return exit(1);
      say(`Caught signal: ${signalWords[signal]}`);
      if (signal === "SIGHUP") return void reload();
      if (!agent.leavesOn(signal)) return exit(1);
      leaving = true;
      say("Gracefully shutting down agent...");
      void leaveGracefully(agent, gracefulTimeoutMs, say).then(exit);
    });
    void agent.ended.then(() => exit(0));
    void gaveUp.then(() => exit(1));
  });
}

async function leaveGracefully(agent: Supervision["agent"], timeoutMs: number, say: (text: string) => void) {
  const stopWaiting = new AbortController();
  const left = agent.leaveCluster().then(
    () => 0,
    (error: unknown) => {
      say(`Error: ${messageOf(error)}`);
      return 1;
    },
  );
  const tooLate = sleep(timeoutMs, 1, { signal: stopWaiting.signal }).catch(() => 1);
  const exitCode = await Promise.race([left, tooLate]);
  stopWaiting.abort();
  return exitCode;
}
