import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Usage } from "../host/process-limits.ts";
import type { MemoryUsage } from "./memory-verdict.ts";
import { shareOpenFiles } from "./open-files.ts";
import { type Resource, ResourceWatch } from "./resource-watch.ts";

const mib = 2 ** 20;

function memory(used: number, limit: number, held = used): MemoryUsage {
  return { used: used * mib, limit: limit * mib, held: held * mib };
}

class World {
  memory: readonly MemoryUsage[] = [memory(10, 100)];
  files: Usage | undefined = { used: 30, limit: 1_024 };
  readonly lines: string[] = [];
  readonly calls: Resource[][] = [];
  collections = 0;
  readonly watch = new ResourceWatch({
    logger: { enabled: () => true, log: (level, text) => void this.lines.push(`[${level}] ${text}`) },
    readings: { memory: () => this.memory, files: () => this.files, collect: () => this.collect() },
    shed: (short) => void this.calls.push([...short]),
  });

  /** What a collection of garbage does to the memory. */
  effect: () => void = () => undefined;

  constructor() {
    vi.useFakeTimers();
    this.watch.start();
    onTestFinished(() => {
      this.watch.stop();
      vi.useRealTimers();
    });
  }

  private collect(): void {
    this.collections++;
    this.effect();
  }
}

describe("watching memory and open files", () => {
  test("says nothing and sheds nothing while there is enough", () => {
    const world = new World();
    world.watch.check();
    expect(world.lines).toEqual([]);
    expect(world.calls).toEqual([]);
  });

  test("says once that something is short, sheds at each look, and says when it is no longer", () => {
    const world = new World();
    world.files = { used: 900, limit: 1_024 };
    world.watch.check();
    world.watch.check();
    expect(world.lines).toEqual(["[WARN] agent: 900 of 1024 open files are in use: taking no new clients and streams"]);
    world.files = { used: 800, limit: 1_024 };
    world.watch.check();
    expect(world.lines).toHaveLength(1);
    world.files = { used: 700, limit: 1_024 };
    world.watch.check();
    expect(world.lines[1]).toBe(
      "[INFO] agent: 700 of 1024 open files are in use, no longer too much: taking new clients and streams again",
    );
    expect(world.calls).toEqual([["files"], ["files"], ["files"], []]);
    world.watch.check();
    expect(world.calls).toHaveLength(4);
    expect(world.collections, "collections for want of files").toBe(0);
  });

  test("counts the memory that is nearest to its limit", () => {
    const world = new World();
    world.memory = [memory(10, 100), memory(190, 200)];
    world.watch.check();
    expect(world.lines[0]).toMatch(/^\[WARN\] agent: 190 of 200 MiB of memory are in use: .*closing clients/);
    expect(world.calls).toEqual([["memory"]]);
  });

  test("collects garbage once what it let go is closed, and looks again soon", () => {
    const world = new World();
    world.memory = [memory(90, 100)];
    world.effect = () => {
      world.memory = [memory(50, 100)];
    };
    world.watch.check();
    expect(world.collections).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(world.collections).toBe(1);
    expect(world.lines[1]).toMatch(/^\[INFO\] agent: 50 of 100 MiB .*, no longer too much: taking new clients/);
    expect(world.calls.at(-1)).toEqual([]);
  });

  test("collects again while memory stays short, with rests between", () => {
    const world = new World();
    world.memory = [memory(90, 100)];
    vi.advanceTimersByTime(20_000);
    expect(world.collections).toBeGreaterThanOrEqual(5);
    expect(world.collections).toBeLessThanOrEqual(8);
    expect(world.lines).toHaveLength(1);
  });

  test("is not short of memory that the allocator keeps and nothing holds", () => {
    const world = new World();
    world.memory = [memory(140, 160, 120)];
    world.effect = () => {
      world.memory = [memory(138, 160, 20)];
    };
    world.watch.check();
    vi.advanceTimersByTime(1_000);
    expect(world.lines[1]).toBe(
      "[INFO] agent: 138 of 160 MiB of memory are in use, and only 20 MiB hold anything: taking new clients and streams again",
    );
    expect(world.calls.at(-1)).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(world.lines, "and stays so").toHaveLength(2);
    world.memory = [memory(140, 160, 100)];
    world.watch.check();
    expect(world.lines, "until it holds much again").toHaveLength(3);
    expect(world.calls.at(-1)).toEqual(["memory"]);
  });

  test.each([
    ["much is held after a collection", memory(140, 160, 70)],
    ["so little is left that it may be killed", memory(155, 160, 20)],
  ])("stays short of memory where %s", (_, usage) => {
    const world = new World();
    world.memory = [usage];
    vi.advanceTimersByTime(60_000);
    expect(world.lines).toHaveLength(1);
    expect(world.calls.at(-1)).toEqual(["memory"]);
  });

  test("what cannot be read changes nothing", () => {
    const world = new World();
    world.files = { used: 1_000, limit: 1_024 };
    world.watch.check();
    world.files = undefined;
    world.watch.check();
    expect(world.calls).toEqual([["files"], ["files"]]);
  });
});

describe("the share of open files that connections may take", () => {
  test.each([24, 48, 64, 256, 1_024, 65_536])("leaves some of %i free", (filesMax) => {
    const { clients, strangers, streams } = shareOpenFiles(filesMax);
    expect(Math.min(clients, strangers, streams)).toBeGreaterThanOrEqual(2);
    if (filesMax >= 48) expect(32 + clients + strangers + streams).toBeLessThan(filesMax);
  });

  test("has bounds where files have none", () => {
    expect(shareOpenFiles(Number.POSITIVE_INFINITY)).toEqual({ clients: 4_096, strangers: 64, streams: 1_024 });
  });
});
