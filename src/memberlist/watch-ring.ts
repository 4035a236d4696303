import { mixed } from "./endpoint-hash.ts";
import type { MemberTable } from "./member-table.ts";
import { isGone } from "./transitions.ts";

/**
 * The members this node watches closely: its neighbours on a ring on which all living members are placed by a hash of their names, half of them
 * on each side. Nodes with the same view agree on who watches whom, every member is watched by `count` others, and whoever watches is watched
 * back, so that one exchange of ping and ack serves both. Rows of the table, at most `count`.
 */
export function ringNeighbours(table: MemberTable, nodeName: string, count: number): number[] {
  const own = placeOnRing(nodeName);
  const ahead = new Nearest(Math.ceil(count / 2));
  const behind = new Nearest(Math.floor(count / 2));
  for (let row = 0; row < table.length; row++) {
    if (isGone(table.stateOf(row))) continue;
    const { name } = table.descriptorOf(row);
    if (name === nodeName) continue;
    const distance = (placeOnRing(name) - own) >>> 0;
    ahead.offer(row, distance);
    behind.offer(row, (0x1_0000_0000 - distance) >>> 0);
  }
  return [...new Set([...ahead.rows, ...behind.rows])];
}

/** FNV-1a, mixed, or names that differ in their last digit would all be neighbours. */
export function placeOnRing(name: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x0100_0193);
  return mixed(hash);
}

/** The few rows with the shortest distances of all that were offered, the nearest first. */
class Nearest {
  readonly rows: number[] = [];
  private readonly distances: number[] = [];
  private readonly count: number;

  constructor(count: number) {
    this.count = count;
  }

  offer(row: number, distance: number): void {
    const { distances, rows, count } = this;
    if (rows.length === count && (count === 0 || distance >= distances[count - 1]!)) return;
    let place = rows.length;
    while (place > 0 && distances[place - 1]! > distance) place--;
    rows.splice(place, 0, row);
    distances.splice(place, 0, distance);
    if (rows.length > count) {
      rows.pop();
      distances.pop();
    }
  }
}
