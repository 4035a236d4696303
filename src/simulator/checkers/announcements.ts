import type { Descriptor } from "../../memberlist/directory.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, MemberChange, Report } from "./checker.ts";

/**
 * What is believed of a living member is what that member said of itself under that incarnation, and in one life a node says one thing under one
 * incarnation.
 */
class Announcements implements Checker {
  readonly name = "announcements";
  private readonly report: Report;
  /** By name and incarnation, what the lives of the name have said. */
  private readonly said = new Map<string, Set<string>>();
  /** By life and incarnation. */
  private readonly saidInLife = new Map<string, string>();
  /** By the id of a node: how often its table had changed when it was looked at last. */
  private readonly changeCounts: number[] = [];

  constructor(report: Report) {
    this.report = report;
  }

  turned(node: SimulatedNode): void {
    const { table } = node.memberlistInside;
    if (this.changeCounts[node.id] === table.changeCount) return;
    this.changeCounts[node.id] = table.changeCount;
    const row = table.find(node.name);
    if (row >= 0) this.note(node, table.incarnationOf(row), table.descriptorOf(row));
  }

  memberChanged({ observer, after }: MemberChange): void {
    if (after === undefined || after.state !== "alive" || after.name === observer.name) return;
    const content = contentOf(after.descriptor);
    if (this.said.get(`${after.name} ${after.incarnation}`)?.has(content) === true) return;
    const what = `${content} of ${after.name} at incarnation ${after.incarnation}`;
    this.report(`believes ${what}, which that node never said`, observer);
  }

  private note(node: SimulatedNode, incarnation: number, descriptor: Descriptor): void {
    const lifeKey = `${node.id} ${incarnation}`;
    const content = contentOf(descriptor);
    const before = this.saidInLife.get(lifeKey);
    if (before === content) return;
    if (before !== undefined)
      this.report(`says ${content} after ${before}, both under incarnation ${incarnation}`, node);
    this.saidInLife.set(lifeKey, content);
    const key = `${node.name} ${incarnation}`;
    const known = this.said.get(key);
    if (known === undefined) this.said.set(key, new Set([content]));
    else known.add(content);
  }
}

const contents = new WeakMap<Descriptor, string>();

function contentOf(descriptor: Descriptor): string {
  let content = contents.get(descriptor);
  if (content === undefined) {
    const { address, port, meta } = descriptor;
    content = `${address}:${port} with meta [${meta.join(" ")}]`;
    contents.set(descriptor, content);
  }
  return content;
}

export const announcements: CheckerFactory = {
  name: "announcements",
  create: (_, report) => new Announcements(report),
};
