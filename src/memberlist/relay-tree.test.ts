import { describe, expect, test } from "vitest";
import { SeededRandom } from "../simulator/seeded-random.ts";
import { unknownVersions } from "../wire/versions.ts";
import { type Descriptor, Directory } from "./directory.ts";
import { MemberTable } from "./member-table.ts";
import { RelayTree } from "./relay-tree.ts";

interface Node {
  readonly self: Descriptor;
  readonly table: MemberTable;
  readonly tree: RelayTree;
}

/** So many nodes; each lacks that share of the others. */
function clusterOf(count: number, unknownShare = 0): Node[] {
  const directory = new Directory();
  const random = new SeededRandom(count);
  const all = Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    address: `10.0.${index >> 8}.${index & 255}`,
    port: 7946,
    meta: new Uint8Array(),
    versions: unknownVersions,
  }));
  return all.map((self) => {
    const table = new MemberTable(directory, 1_000_000);
    for (const other of all)
      if (other === self || random.fraction() >= unknownShare) table.insert(other, 1, "alive", 0);
    return { self, table, tree: new RelayTree(table, self.name) };
  });
}

/** How often each is told, by name, when one begins and all do what is theirs. */
function spread(nodes: readonly Node[], origin: Node): Map<string, number> {
  const told = new Map<string, number>();
  const tell = (from: Node, ids: readonly number[]) => {
    for (const id of ids) {
      const { name } = from.table.descriptorOf(from.table.rowOfId(id));
      told.set(name, (told.get(name) ?? 0) + 1);
      const receiver = nodes.find(({ self }) => self.name === name)!;
      if (receiver.tree.isDeputyOf(from.self)) tell(receiver, receiver.tree.cell());
    }
  };
  tell(origin, [...origin.tree.deputies(), ...origin.tree.cell()]);
  return told;
}

describe("the relay tree", () => {
  test("has everybody told once, in two steps", () => {
    for (const count of [1, 2, 64, 65, 100, 500]) {
      const nodes = clusterOf(count);
      const origin = nodes[count >> 1]!;
      const told = spread(nodes, origin);
      expect([told.size, Math.max(0, ...told.values())]).toEqual([count - 1, count === 1 ? 0 : 1]);
      expect(told.has(origin.self.name)).toBe(false);
    }
  });

  test("asks no more of a node than a few times the root of their number", () => {
    for (const { tree } of clusterOf(1_000))
      expect(tree.deputies().length + tree.cell().length).toBeLessThan(4 * Math.sqrt(1_000));
  });

  test("has the origin tell all in a small cluster, and nobody relay", () => {
    const [a, b] = clusterOf(64);
    expect([a!.tree.isDirect, a!.tree.deputies().length, a!.tree.cell()]).toEqual([true, 63, []]);
    expect(a!.tree.everybody()).toEqual(a!.tree.deputies());
    expect(b!.tree.isDeputyOf(a!.self)).toBe(false);
    expect(a!.tree.isDeputy(b!.table.idOf(0))).toBe(false);
  });

  test("names everybody, also where cells are told by deputies", () => {
    const [{ table, tree } = expect.fail()] = clusterOf(100);
    expect(tree.everybody()).toHaveLength(99);
    expect(tree.everybody()).not.toContain(table.idOf(table.find("n0")));
    table.setState(table.find("n7"), "dead", 1);
    expect(tree.everybody()).toHaveLength(98);
  });

  test("reaches nearly all where each node lacks one in twenty of the others", () => {
    const nodes = clusterOf(300, 0.05);
    expect(spread(nodes, nodes[7]!).size).toBeGreaterThan(0.8 * 300);
  });

  test("follows members that come, go and move", () => {
    const [node] = clusterOf(3);
    const { table, tree } = node!;
    const names = () => tree.deputies().map((id) => table.descriptorOf(table.rowOfId(id)).name);
    expect(names()).toEqual(["n1", "n2"]);
    table.setState(table.find("n1"), "dead", 1);
    expect(names()).toEqual(["n2"]);
    table.setState(table.find("n1"), "suspect", 2);
    expect(names()).toEqual(["n1", "n2"]);
    const before = table.livingChangeCount;
    table.setState(table.find("n1"), "alive", 3);
    table.setIncarnation(table.find("n1"), 9);
    expect(table.livingChangeCount).toBe(before);
    table.setDescriptor(table.find("n1"), { ...table.descriptorOf(1), port: 1 });
    expect(table.livingChangeCount).toBeGreaterThan(before);
  });
});
