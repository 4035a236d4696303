import type { Agent } from "../agent/agent.ts";

export interface CountedNode {
  readonly agent: Agent;
  readonly name: string;
}

/** How far the nodes' views are from the truth. */
export interface Census {
  /** Nodes that run. */
  readonly nodes: number;
  /** Nodes that see just those alive that they can reach, themselves included. */
  readonly complete: number;
  /** Of all that should be seen, the share that is: 0 to 1. */
  readonly seen: number;
  /** Views of a member that call it a suspect. */
  readonly suspicions: number;
  /** Views that call a member alive that is not there, or is behind a partition. */
  readonly stale: number;
}

type Table = ReturnType<Agent["serf"]["memberlist"]["inspect"]>["table"];

/** What was last counted at a node. */
interface Count {
  readonly table: Table;
  changes: number;
  group: readonly CountedNode[];
  right: number;
}

/** Counts views. At a node where nothing changed since, nothing is counted anew: a thousand nodes have a million views. */
export class CensusTaker {
  private readonly counts = new Map<Agent, Count>();

  /** `groups` are the nodes that reach each other; a group that changes has to be another array. */
  take(groups: readonly (readonly CountedNode[])[]): Census {
    const census = { nodes: 0, complete: 0, seen: 0, suspicions: 0, stale: 0 };
    let wanted = 0;
    let seen = 0;
    for (const group of groups) {
      for (const { agent } of group) {
        const { table, right } = this.count(agent, group);
        const suspects = table.countIn("suspect");
        const alive = table.countIn("alive");
        census.nodes += 1;
        census.suspicions += suspects;
        census.stale += alive - right;
        if (right === group.length && alive === right && suspects === 0) census.complete += 1;
        wanted += group.length;
        seen += right;
      }
    }
    return { ...census, seen: wanted === 0 ? 1 : seen / wanted };
  }

  private count(agent: Agent, group: readonly CountedNode[]): Count {
    let count = this.counts.get(agent);
    if (count === undefined) {
      count = { table: agent.serf.memberlist.inspect().table, changes: -1, group, right: 0 };
      this.counts.set(agent, count);
    }
    const { table } = count;
    if (count.changes === table.changeCount && count.group === group) return count;
    const alive = table.countIn("alive");
    // Numbers are nearly free; who is meant need only be known where there are enough.
    count.right = alive < group.length ? alive : group.filter(({ name }) => isAlive(table, name)).length;
    count.changes = table.changeCount;
    count.group = group;
    return count;
  }
}

function isAlive(table: Table, name: string): boolean {
  const row = table.find(name);
  return row >= 0 && table.stateOf(row) === "alive";
}
