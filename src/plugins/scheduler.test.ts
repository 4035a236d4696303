import { describe, expect, test } from "vitest";
import { BenchTimers } from "./bench-timers.ts";
import { Scheduler } from "./scheduler.ts";

function world() {
  const timers = new BenchTimers();
  const failures: unknown[] = [];
  const scheduler = new Scheduler(timers, (error) => failures.push(error));
  const advance = async (ms: number): Promise<void> => {
    const untilMs = timers.nowMs() + ms;
    do await new Promise((resolve) => setImmediate(resolve));
    while (timers.fireNext(untilMs));
  };
  return { scheduler, failures, advance, timers };
}

describe("debounced work", () => {
  test("waits for quiet", async () => {
    const { scheduler, advance, timers } = world();
    const done: number[] = [];
    const ask = scheduler.debounce(() => void done.push(timers.nowMs()), { quietMs: 100, waitMaxMs: 1000 });
    ask();
    await advance(90);
    ask();
    await advance(90);
    expect(done).toEqual([]);
    await advance(10);
    expect(done).toEqual([190]);
  });

  test("waits no longer than the maximum, however often it is asked for", async () => {
    const { scheduler, advance, timers } = world();
    const done: number[] = [];
    const ask = scheduler.debounce(() => void done.push(timers.nowMs()), { quietMs: 100, waitMaxMs: 250 });
    for (let i = 0; i < 10; i++) {
      ask();
      await advance(60);
    }
    expect(done).toEqual([250, 550]);
  });

  test("is never done twice at once, and once more when it was asked for meanwhile", async () => {
    const { scheduler, advance } = world();
    let working = 0;
    let done = 0;
    let finish = (): void => undefined;
    const ask = scheduler.debounce(
      async () => {
        expect(working).toBe(0);
        working += 1;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        working -= 1;
        done += 1;
      },
      { quietMs: 10, waitMaxMs: 10 },
    );
    ask();
    await advance(10);
    ask();
    ask();
    await advance(1000);
    expect([working, done]).toEqual([1, 0]);
    finish();
    await advance(10);
    expect([working, done]).toEqual([1, 1]);
    finish();
    await advance(1000);
    expect([working, done]).toEqual([0, 2]);
  });
});

describe("timers of a plugin", () => {
  test("repeat until they are ended, and none outlives the stop", async () => {
    const { scheduler, advance } = world();
    const fired: string[] = [];
    const end = scheduler.every(10, () => void fired.push("often"));
    scheduler.after(25, () => void fired.push("once"));
    scheduler.after(100, () => void fired.push("never"));
    await advance(30);
    end();
    await advance(20);
    scheduler.stop();
    scheduler.after(1, () => void fired.push("late"));
    await advance(200);
    expect(fired).toEqual(["often", "often", "once", "often"]);
  });
});
