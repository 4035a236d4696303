import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NodeState, nodeStates } from "../wire/messages.ts";
import { unknownVersions } from "../wire/versions.ts";
import { type Descriptor, Directory } from "./directory.ts";
import { MemberTable } from "./member-table.ts";

function say(name: string, port = 7946): Descriptor {
  return { name, address: "10.0.0.1", port, meta: Uint8Array.of(1), versions: unknownVersions };
}

function tableOf(names: readonly string[], directory = new Directory()): MemberTable {
  const table = new MemberTable(directory, 1_000_000);
  for (const name of names) table.insert(say(name), 1, "alive", 0);
  return table;
}

function namesIn(table: MemberTable): string[] {
  return Array.from({ length: table.length }, (_, row) => table.descriptorOf(row).name);
}

function put(table: MemberTable, content: Descriptor, state: NodeState): void {
  const row = table.find(content.name);
  if (row < 0) {
    table.insert(content, 1, state, 0);
    return;
  }
  table.setDescriptor(row, content);
  table.setState(row, state, 0);
}

describe("the member table", () => {
  test("finds members by name, and nobody else", () => {
    const table = tableOf(["a", "b", "c"]);
    expect(["a", "b", "c", "d", ""].map((name) => table.find(name))).toEqual([0, 1, 2, -1, -1]);
  });

  test("gives views that stay as they were when they were made", () => {
    const table = tableOf(["a"]);
    const before = table.view(0);
    table.setState(0, "suspect", 5);
    table.setIncarnation(0, 0xffff_ffff);
    table.setDescriptor(0, say("a", 1));
    expect(before).toEqual({ ...say("a"), state: "alive", incarnation: 1 });
    expect(table.view(0)).toEqual({ ...say("a", 1), state: "suspect", incarnation: 0xffff_ffff });
  });

  test("notes the time of a change of state, and only of a change", () => {
    const table = new MemberTable(new Directory(), 10);
    const row = table.insert(say("a"), 1, "alive", 1.5);
    table.setState(row, "alive", 7);
    expect(table.stateChangedMsOf(row)).toBe(1.5);
    table.setState(row, "dead", 8.25);
    expect(table.stateChangedMsOf(row)).toBe(8.25);
  });

  test("counts members by state", () => {
    const table = tableOf(["a", "b", "c", "d", "e"]);
    table.setState(1, "suspect", 1);
    table.setState(2, "dead", 1);
    table.setState(3, "left", 1);
    table.setState(2, "alive", 1);
    expect(nodeStates.map((state) => table.countIn(state))).toEqual([3, 1, 0, 1]);
    table.removeWhere((row) => row >= 3);
    expect(nodeStates.map((state) => table.countIn(state))).toEqual([2, 1, 0, 0]);
  });

  test("keeps the order of arrival when members are removed, and gives those left new rows under their old ids", () => {
    const table = tableOf(["a", "b", "c", "d", "e"]);
    const idOfD = table.idOf(3);
    expect(table.removeWhere((row) => row === 0 || row === 2)).toBe(2);
    expect(namesIn(table)).toEqual(["b", "d", "e"]);
    expect(["a", "b", "c", "d", "e"].map((name) => table.find(name))).toEqual([-1, 0, -1, 1, 2]);
    expect([table.rowOfId(idOfD), table.idOf(1)]).toEqual([1, idOfD]);
    table.insert(say("a"), 1, "alive", 0);
    expect(namesIn(table)).toEqual(["b", "d", "e", "a"]);
  });

  test("knows no row of an id that stands for nobody", () => {
    const table = tableOf(["a", "b"]);
    const idOfA = table.idOf(0);
    table.removeWhere((row) => row === 0);
    expect([idOfA, -1, 1_000].map((id) => table.rowOfId(id))).toEqual([-1, -1, -1]);
  });

  test("is full at its limit, and takes no member twice", () => {
    const table = new MemberTable(new Directory(), 2);
    table.insert(say("a"), 1, "alive", 0);
    expect(() => table.insert(say("a"), 1, "alive", 0)).toThrow("serf-ts bug");
    expect(table.isFull).toBe(false);
    table.insert(say("b"), 1, "alive", 0);
    expect(table.isFull).toBe(true);
    expect(() => table.insert(say("c"), 1, "alive", 0)).toThrow("serf-ts bug");
  });

  test("objects to rows that are not there", () => {
    const table = tableOf(["a"]);
    for (const row of [-1, 1, 5]) expect(() => table.view(row)).toThrow("serf-ts bug");
    expect(() => table.setDescriptor(0, say("b"))).toThrow("serf-ts bug");
  });

  test("leaves nothing in the directory that it no longer holds", () => {
    const directory = new Directory();
    const table = tableOf(["a", "b"], directory);
    for (let port = 0; port < 100; port++) table.setDescriptor(0, say("a", port));
    expect(directory.size).toBe(2);
    table.removeWhere(() => true);
    expect(directory.size).toBe(0);
  });

  test("shares a directory with other tables without seeing their members", () => {
    const directory = new Directory();
    const one = tableOf(["a", "b"], directory);
    const other = tableOf(["b", "c"], directory);
    expect([one.find("c"), other.find("a"), one.find("b"), other.find("b")]).toEqual([-1, -1, 1, 0]);
    expect(one.descriptorOf(1)).toBe(other.descriptorOf(0));
    one.removeWhere(() => true);
    expect([one.find("b"), other.find("b")]).toEqual([-1, 0]);
  });

  test("behaves as a map from names to members, whatever is done to it", () => {
    const name = fc.integer({ min: 0, max: 60 }).map((i) => `node ${i}`);
    const step = fc.record({ name, port: fc.nat(3), state: fc.constantFrom<NodeState>(...nodeStates) });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 60 }), { maxLength: 5 }), (phases) => {
        const directory = new Directory();
        const table = new MemberTable(directory, 1_000);
        const model = new Map<string, { port: number; state: NodeState }>();
        for (const phase of phases) {
          for (const { name, port, state } of phase) {
            put(table, say(name, port), state);
            model.set(name, { port, state });
          }
          const seen = Array.from({ length: table.length }, (_, row) => table.view(row));
          expect(seen.map(({ name, port, state }) => [name, { port, state }])).toEqual([...model]);
          for (const [row, { name }] of seen.entries()) expect(table.find(name)).toBe(row);
          table.removeWhere((row) => table.stateOf(row) === "dead");
          for (const [name, { state }] of model) if (state === "dead") model.delete(name);
          expect([table.length, directory.size]).toEqual([model.size, model.size]);
        }
      }),
    );
  });
});
