import { formatEndpoint, isSameEndpoint } from "../../base/address.ts";
import type { SerfMember } from "../../serf/member.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { CheckedWorld, Checker, CheckerFactory } from "./checker.ts";

/**
 * Once faults have ended, every running node sees every running one alive, with its address and tags; nobody sees one alive that is not; of who
 * is gone all who know it say the same; and nobody is under suspicion.
 */
class Agreement implements Checker {
  readonly name = "agreement";
  private readonly world: CheckedWorld;

  constructor(world: CheckedWorld) {
    this.world = world;
  }

  unsettled(): string | undefined {
    const running = new Map(this.world.running.map((node) => [node.name, node]));
    const gone = new Map<string, { readonly status: string; readonly by: string }>();
    for (const observer of running.values()) {
      const members = observer.serf.members();
      const problem = this.problemOf(observer, members, running) ?? contradiction(observer, members, running, gone);
      if (problem !== undefined) return `${observer.name} ${problem}`;
      if (observer.memberlistInside.table.countIn("suspect") > 0) return `${observer.name} suspects somebody`;
    }
    return undefined;
  }

  private problemOf(
    observer: SimulatedNode,
    members: readonly SerfMember[],
    running: ReadonlyMap<string, SimulatedNode>,
  ): string | undefined {
    const known = new Map(members.map((member) => [member.name, member]));
    for (const node of running.values()) {
      const member = known.get(node.name);
      if (member === undefined) return `does not know ${node.name}`;
      if (member.status !== "alive") return `holds ${node.name} for ${member.status}`;
      if (!isSameEndpoint(member, node.host)) return `looks for ${node.name} at ${formatEndpoint(member)}`;
      if (!sameTags(member.tags, node.tags)) return `has not heard of the tags of ${node.name}`;
      const state = observer.serf.memberlist.member(node.name)?.state;
      if (state !== "alive") return `has ${node.name} ${state ?? "missing"} in its memberlist`;
    }
    return undefined;
  }
}

function contradiction(
  observer: SimulatedNode,
  members: readonly SerfMember[],
  running: ReadonlyMap<string, SimulatedNode>,
  gone: Map<string, { readonly status: string; readonly by: string }>,
): string | undefined {
  for (const { name, status } of members) {
    if (running.has(name)) continue;
    if (status === "alive" || status === "leaving") return `holds ${name} for ${status}, which is not there`;
    const other = gone.get(name);
    if (other === undefined) gone.set(name, { status, by: observer.name });
    else if (other.status !== status) return `holds ${name} for ${status}, and ${other.by} for ${other.status}`;
  }
  return undefined;
}

function sameTags(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export const agreement: CheckerFactory = { name: "agreement", create: (world) => new Agreement(world) };
