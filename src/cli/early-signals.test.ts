import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import type { AgentSignal } from "../agent/supervisor.ts";
import { EarlySignals, type SignalTarget } from "./early-signals.ts";

/** A process: a signal that nobody listens to ends it. */
class FakeProcess extends EventEmitter implements SignalTarget {
  readonly pid = 7;
  readonly endedBy: AgentSignal[] = [];

  kill(pid: number, signal: AgentSignal): void {
    expect(pid).toBe(this.pid);
    if (!this.emit(signal, signal)) this.endedBy.push(signal);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("signals that come while an agent starts", () => {
  test("are kept, and handed in order to whoever takes over, before later ones", async () => {
    const target = new FakeProcess();
    const signals = new EarlySignals(target);
    for (const signal of ["SIGHUP", "SIGTERM"] as const) target.kill(7, signal);
    const received: AgentSignal[] = [];
    signals.handTo((signal) => void received.push(signal));
    expect(received, "not before whoever takes over has finished setting up").toEqual([]);
    await nextTurn();
    target.kill(7, "SIGINT");
    expect(received).toEqual(["SIGHUP", "SIGTERM", "SIGINT"]);
    expect(target.endedBy).toEqual([]);
  });

  test("are told once, and no more when it is stopped", async () => {
    const target = new FakeProcess();
    const received: AgentSignal[] = [];
    const stop = new EarlySignals(target).handTo((signal) => void received.push(signal));
    target.kill(7, "SIGINT");
    await nextTurn();
    expect(received).toEqual(["SIGINT"]);
    stop();
    target.kill(7, "SIGINT");
    expect(target.endedBy).toEqual(["SIGINT"]);
  });

  test("end the process after all where they are let go, those that came meanwhile as well", () => {
    const target = new FakeProcess();
    const signals = new EarlySignals(target);
    target.kill(7, "SIGTERM");
    expect(target.endedBy).toEqual([]);
    signals.letGo();
    expect(target.endedBy).toEqual(["SIGTERM"]);
    target.kill(7, "SIGINT");
    expect(target.endedBy).toEqual(["SIGTERM", "SIGINT"]);
  });
});
