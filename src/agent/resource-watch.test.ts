import { describe, expect, onTestFinished, test } from "vitest";
import type { Usage } from "../host/process-limits.ts";
import { shareOpenFiles } from "./open-files.ts";
import { type Resource, ResourceWatch } from "./resource-watch.ts";

const mib = 2 ** 20;

class World {
  memory: readonly Usage[] = [{ used: 10 * mib, limit: 100 * mib }];
  files: Usage | undefined = { used: 30, limit: 1_024 };
  readonly lines: string[] = [];
  readonly calls: Resource[][] = [];
  collections = 0;
  readonly watch = new ResourceWatch({
    logger: { enabled: () => true, log: (level, text) => void this.lines.push(`[${level}] ${text}`) },
    readings: { memory: () => this.memory, files: () => this.files, collect: () => void this.collections++ },
    shed: (short) => void this.calls.push([...short]),
  });

  constructor() {
    this.watch.start();
    onTestFinished(() => this.watch.stop());
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
    world.memory = [
      { used: 10 * mib, limit: 100 * mib },
      { used: 190 * mib, limit: 200 * mib },
    ];
    world.watch.check();
    expect(world.lines[0]).toMatch(/^\[WARN\] agent: 190 of 200 MiB of memory are in use: .*closing clients/);
    expect(world.calls).toEqual([["memory"]]);
    world.watch.check();
    expect(world.collections, "collections of garbage in ten seconds").toBe(1);
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
