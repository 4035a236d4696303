import type { EventEmitter } from "node:events";
import type { AgentSignal } from "../agent/supervisor.ts";

/** What a process is to its signals: it tells them, and can be sent one. */
export interface SignalTarget extends Pick<EventEmitter, "on" | "off"> {
  readonly pid: number;
  kill(pid: number, signal: AgentSignal): unknown;
}

/** Keeps signals for whoever will know what to do: an agent whose RPC answers already is to leave on them, not to be ended by them. */
export class EarlySignals {
  private readonly target: SignalTarget;
  private readonly held: AgentSignal[] = [];
  private readonly unsubscribe: () => void;

  constructor(target: SignalTarget = process) {
    this.target = target;
    this.unsubscribe = subscribeSignals(target, (signal) => void this.held.push(signal));
  }

  /** To `receive` from now on, first those that came meanwhile. Returns how to stop that. */
  handTo(receive: (signal: AgentSignal) => void): () => void {
    const stop = subscribeSignals(this.target, receive);
    this.unsubscribe();
    setImmediate(() => {
      for (const signal of this.held.splice(0)) receive(signal);
    });
    return stop;
  }

  /** Signals do what they do to any process again, those that came meanwhile as well. */
  letGo(): void {
    this.unsubscribe();
    for (const signal of this.held.splice(0)) this.target.kill(this.target.pid, signal);
  }
}

function subscribeSignals(target: SignalTarget, receive: (signal: AgentSignal) => void): () => void {
  const signals: readonly AgentSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) target.on(signal, receive);
  return () => {
    for (const signal of signals) target.off(signal, receive);
  };
}
