import { describe, expect, it } from "vitest";
import { unknownVersions } from "../wire/versions.ts";
import { Directory } from "./directory.ts";
import { MemberTable } from "./member-table.ts";
import { placeOnRing, ringNeighbours } from "./watch-ring.ts";

function tableOf(names: readonly string[], gone: readonly string[] = []): MemberTable {
  const table = new MemberTable(new Directory(), 1_000);
  for (const name of names) {
    const content = { name, address: "10.0.0.1", port: 7946, meta: new Uint8Array(0), versions: unknownVersions };
    table.insert(content, 1, gone.includes(name) ? "dead" : "alive", 0);
  }
  return table;
}

function watchedBy(name: string, names: readonly string[], count = 4, gone: readonly string[] = []): string[] {
  const table = tableOf(names, gone);
  return ringNeighbours(table, name, count).map((row) => table.descriptorOf(row).name);
}

const names = Array.from({ length: 50 }, (_, index) => `node-${index}`);

describe("neighbours on the ring", () => {
  it("are the nearest on both sides", () => {
    const sorted = [...names].sort((a, b) => placeOnRing(a) - placeOnRing(b));
    const at = (index: number) => sorted[(index + sorted.length) % sorted.length]!;
    for (let index = 0; index < sorted.length; index++) {
      const expected = [at(index + 1), at(index + 2), at(index - 1), at(index - 2)];
      expect(new Set(watchedBy(sorted[index]!, names))).toEqual(new Set(expected));
    }
  });

  it("watch each other, so that everybody is watched by as many", () => {
    for (const name of names)
      for (const other of watchedBy(name, names)) expect(watchedBy(other, names)).toContain(name);
  });

  it("are the same however the members are listed", () => {
    const backwards = [...names].reverse();
    expect(watchedBy("node-7", backwards).sort()).toEqual(watchedBy("node-7", names).sort());
  });

  it("are not the dead, and not the node itself", () => {
    const [dead] = watchedBy("node-7", names);
    const chosen = watchedBy("node-7", names, 4, [dead!]);
    expect(chosen).toHaveLength(4);
    expect(chosen).not.toContain(dead);
    expect(chosen).not.toContain("node-7");
  });

  it("are all others where there are no more, each once", () => {
    expect(watchedBy("a", ["a", "b", "c"]).sort()).toEqual(["b", "c"]);
    expect(watchedBy("a", ["a"])).toEqual([]);
  });

  it("are as many as asked for", () => {
    for (const count of [0, 1, 2, 3, 7]) expect(watchedBy("node-7", names, count)).toHaveLength(count);
  });
});

it("names that differ little are not neighbours for it", () => {
  const places = names.map(placeOnRing).sort((a, b) => a - b);
  const gaps = places.slice(1).map((place, index) => place - places[index]!);
  expect(Math.max(...gaps)).toBeLessThan(0.15 * 2 ** 32);
});
