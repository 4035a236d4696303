import { describe, expect, test } from "vitest";
import { SerfError } from "../../base/errors.ts";
import { resolveOptions } from "../../base/options.ts";
import { BenchTimers } from "../bench-timers.ts";
import type { PluginLogger, PluginProcesses } from "../plugin.ts";
import { Scheduler } from "../scheduler.ts";
import { type ProgramOptions, programOptions } from "./options.ts";
import { SupervisedProgram } from "./supervised-program.ts";

interface FakeProcess {
  readonly signals: string[];
  end(exitCode: number): void;
}

/** A program that does what the test says, in time that it lets pass. */
function supervise(options: Partial<ProgramOptions> = {}) {
  const timers = new BenchTimers();
  const scheduler = new Scheduler(timers, (error) => {
    throw error;
  });
  const started: FakeProcess[] = [];
  const startedAtMs: number[] = [];
  const log: string[] = [];
  const states: string[] = [];
  const finished: string[] = [];
  const world = { isWell: true, isMissing: false, diesOf: "SIGTERM" };
  const processes: Pick<PluginProcesses, "start" | "shell"> = {
    start: async () => {
      startedAtMs.push(timers.nowMs());
      if (world.isMissing) throw new SerfError("PROCESS_NOT_STARTED", "cannot start");
      let end = (_exitCode: number): void => undefined;
      const ended = new Promise<{ exitCode: number; signal: null }>((resolve) => {
        end = (exitCode) => resolve({ exitCode, signal: null });
      });
      const signals: string[] = [];
      started.push({ signals, end });
      const kill = (signal = "SIGTERM") => {
        signals.push(signal);
        if (signal === world.diesOf || signal === "SIGKILL") end(0);
      };
      return { pid: started.length, ended, kill };
    },
    shell: async () => ({
      exitCode: world.isWell ? 0 : 1,
      signal: null,
      stdout: "",
      stderr: "no answer\n",
      timedOut: false,
    }),
  };
  const note = (message: string) => void log.push(message);
  const logger: PluginLogger = { debug: note, info: note, warn: note, error: note };
  const program: SupervisedProgram = new SupervisedProgram(
    resolveOptions(programOptions, { name: "web", command: ["web"], ...options }),
    {
      processes,
      scheduler,
      logger,
      changed: () =>
        states.push(program.problem === undefined ? program.state : `${program.state}: ${program.problem}`),
      finished: (how) => finished.push(how),
    },
  );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const advance = async (ms: number) => {
    const untilMs = timers.nowMs() + ms;
    do await settle();
    while (timers.fireNext(untilMs));
    await settle();
  };
  return { program, started, startedAtMs, log, states, finished, world, advance, settle };
}

describe("a program", () => {
  test("without a check is ready when it has run for a second", async () => {
    const { program, states, advance } = supervise();
    await program.start();
    await advance(999);
    expect(states).toEqual(["starting"]);
    await advance(1);
    expect(states).toEqual(["starting", "ready"]);
  });

  test("that ends is started again, later and later, and soon again after a steady minute", async () => {
    const { program, started, startedAtMs, advance } = supervise({ restartMinMs: 1000, restartMaxMs: 4000 });
    await program.start();
    for (let n = 0; n < 5; n++) {
      started.at(-1)?.end(3);
      await advance(4000);
    }
    expect(startedAtMs).toEqual([0, 1000, 6000, 12_000, 16_000, 20_000]);
    expect(program.problem).toBeUndefined();
    await advance(60_000);
    started.at(-1)?.end(3);
    await advance(1000);
    expect(startedAtMs.at(-1)).toBe(81_000);
    expect(program.starts).toBe(7);
  });

  test("that cannot be started again is tried again", async () => {
    const { program, started, world, states, advance } = supervise();
    await program.start();
    world.isMissing = true;
    started[0]?.end(1);
    await advance(1000);
    expect(states.at(-1)).toBe("ended: cannot start");
    world.isMissing = false;
    await advance(3000);
    expect(states.slice(-2)).toEqual(["starting", "ready"]);
  });

  test("is ready while its check passes, and not for one failure", async () => {
    const { program, states, world, advance } = supervise({ check: "true", checkEveryMs: 5000, checkFailures: 2 });
    world.isWell = false;
    await program.start();
    await advance(0);
    expect(states.at(-1)).toBe("starting: the check ended with 1: no answer");
    world.isWell = true;
    await advance(1000);
    expect(states.at(-1)).toBe("ready");
    world.isWell = false;
    await advance(5000);
    expect(states.at(-1)).toBe("ready");
    await advance(5000);
    expect(states.at(-1)).toBe("unwell: the check ended with 1: no answer");
    world.isWell = true;
    await advance(1000);
    expect(states.at(-1)).toBe("ready");
  });

  test("whose end means that the node leaves is not started again", async () => {
    const { program, started, finished, startedAtMs, advance } = supervise({ onExit: "leave" });
    await program.start();
    started[0]?.end(0);
    await advance(600_000);
    expect([finished, startedAtMs, program.state]).toEqual([["web ended with 0"], [0], "stopped"]);
  });

  test("that does not end when asked is ended", async () => {
    const { program, started, log, startedAtMs, advance } = supervise({ stopSignal: "SIGINT", stopTimeoutMs: 100 });
    await program.start();
    await program.stop();
    await advance(600_000);
    expect(started[0]?.signals).toEqual(["SIGINT", "SIGKILL"]);
    expect(log).toContain("web: has not ended 100ms after SIGINT: SIGKILL");
    expect(startedAtMs).toEqual([0]);
  });

  test("that waits to be started again can be stopped, and restarted by hand", async () => {
    const { program, started, startedAtMs, settle, advance } = supervise();
    await program.start();
    started[0]?.end(1);
    await settle();
    await program.stop();
    await advance(600_000);
    expect(startedAtMs).toEqual([0]);
    await program.restart();
    await advance(1000);
    expect([program.state, program.starts]).toEqual(["ready", 2]);
  });

  test("gets signals of the agent as it is told, and no others", async () => {
    const { program, started } = supervise({ signals: { SIGHUP: "SIGUSR2" } });
    await program.start();
    program.forward("SIGHUP");
    program.forward("SIGUSR1");
    expect(started[0]?.signals).toEqual(["SIGUSR2"]);
  });
});
