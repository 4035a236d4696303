/**
 * A scenario is data: what a cluster is like, and what happens to it, one step after the other. It is the same in TypeScript and in a JSON file.
 * Everything in it is checked before it runs.
 */

import * as v from "valibot";
import { SerfError } from "../base/errors.ts";
import type { SerfOptions } from "../serf/options.ts";
import type { LinkConditions } from "./link-conditions.ts";

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
/** "n3", "n1..n5", or "all". */
const name = v.pipe(v.string(), v.regex(/^[\w.-]+$/, "must be a name, a range like n1..n5, or all"));
const nodes = v.array(name);

const latency = v.union([
  milliseconds,
  v.variant("kind", [
    v.strictObject({ kind: v.literal("uniform"), minMs: milliseconds, maxMs: milliseconds }),
    v.strictObject({ kind: v.literal("normal"), meanMs: milliseconds, deviationMs: milliseconds }),
    v.strictObject({ kind: v.literal("lognormal"), medianMs: milliseconds, sigma: milliseconds }),
    v.strictObject({ kind: v.literal("table"), ms: v.pipe(v.array(milliseconds), v.minLength(1)) }),
  ]),
]);

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const conditions = v.strictObject({
  latency: v.exactOptional(latency),
  loss: v.exactOptional(share),
  duplication: v.exactOptional(share),
  reordering: v.exactOptional(share),
  reorderingMs: v.exactOptional(milliseconds),
  mtuBytes: v.exactOptional(amount),
  dropsFragments: v.exactOptional(v.boolean()),
  bytesPerSecond: v.exactOptional(amount),
  queueBytesMax: v.exactOptional(amount),
  streamLoss: v.exactOptional(share),
  streamBreaks: v.exactOptional(share),
  streamStalls: v.exactOptional(share),
  streamStallMs: v.exactOptional(milliseconds),
}) satisfies v.GenericSchema<unknown, Partial<LinkConditions>>;

const tags = v.record(v.string(), v.string());
/** Between which nodes; left out, all. */
const between = { from: v.optional(nodes), to: v.optional(nodes) };

const step = v.variant("kind", [
  /** New nodes, named n1, n2 … if no names are given, which join the cluster. */
  v.strictObject({
    kind: v.literal("addNodes"),
    count: v.optional(count(100_000), 1),
    names: v.optional(nodes),
    tags: v.optional(tags),
  }),
  /** Another node, elsewhere, under a name that is in use. */
  v.strictObject({ kind: v.literal("intrude"), name }),
  /** Nothing passes between the groups; a node in none of them reaches all. One way: from the first to the others. */
  v.strictObject({
    kind: v.literal("partition"),
    groups: v.pipe(v.array(nodes), v.minLength(2)),
    oneWay: v.optional(v.boolean(), false),
  }),
  /**
   * A firewall turns away what comes `from` some nodes `to` others, and says so: packets are lost, streams refused, as by a machine on which
   * nobody listens. The way back stays as it is.
   */
  v.strictObject({ kind: v.literal("reject"), from: nodes, to: nodes }),
  /** Takes back every partition and rejection. */
  v.strictObject({ kind: v.literal("heal") }),
  v.strictObject({ kind: v.literal("loss"), share, ...between }),
  v.strictObject({ kind: v.literal("latency"), latency, ...between }),
  v.strictObject({ kind: v.literal("conditions"), conditions, ...between }),
  /** The network is again as in the beginning. */
  v.strictObject({ kind: v.literal("repair") }),
  /** `tornBytes` of a write under way arrive. Without power unsynced data go, too, and nobody is told. */
  v.strictObject({
    kind: v.literal("crash"),
    nodes,
    power: v.optional(v.boolean(), true),
    tornBytes: v.optional(amount, 0),
  }),
  v.strictObject({
    kind: v.literal("restart"),
    nodes,
    storage: v.optional(v.picklist(["kept", "lost"]), "kept"),
    address: v.optional(v.picklist(["same", "new"]), "same"),
  }),
  /** The whole process stands still; with `forMs` it goes on by itself. */
  v.strictObject({ kind: v.literal("pause"), nodes, forMs: v.optional(milliseconds) }),
  /** Messages to and from it stand still, its timers go on; with `forMs` that ends by itself. */
  v.strictObject({ kind: v.literal("stall"), nodes, forMs: v.optional(milliseconds) }),
  /** Ends a pause or a stall. */
  v.strictObject({ kind: v.literal("resume"), nodes }),
  /** The monotonic clock runs fast or slow. */
  v.strictObject({ kind: v.literal("drift"), nodes, rate: v.pipe(v.number(), v.minValue(0.1), v.maxValue(10)) }),
  /** The time of day is set. */
  v.strictObject({ kind: v.literal("jump"), nodes, ms: v.pipe(v.number(), v.finite()) }),
  v.strictObject({ kind: v.literal("disk"), nodes, state: v.picklist(["full", "readOnly", "sound"]) }),
  v.strictObject({
    kind: v.literal("event"),
    node: v.optional(name),
    count: v.optional(count(100_000), 1),
    payloadBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9_216)), 16),
  }),
  v.strictObject({ kind: v.literal("query"), node: v.optional(name) }),
  /** Installs a new key everywhere, turns to it, and removes the old one. */
  v.strictObject({ kind: v.literal("rotateKey"), node: v.optional(name) }),
  v.strictObject({ kind: v.literal("setTags"), nodes, tags }),
  v.strictObject({ kind: v.literal("leave"), nodes }),
  v.strictObject({
    kind: v.literal("forceLeave"),
    node: v.optional(name),
    of: name,
    prune: v.optional(v.boolean(), false),
  }),
  v.strictObject({ kind: v.literal("wait"), ms: milliseconds }),
  /** All faults end; crashed nodes stay so. What checkers promise for then must hold within `withinMs`, or the time that the protocol's constants give. */
  v.strictObject({ kind: v.literal("calm"), withinMs: v.optional(milliseconds) }),
  /** Sooner or later, within `withinMs`, every node of `at` holds the member for that. */
  v.strictObject({
    kind: v.literal("expect"),
    of: name,
    status: v.picklist(["alive", "leaving", "left", "failed", "unknown"]),
    at: v.optional(nodes, ["all"]),
    withinMs: v.optional(milliseconds, 0),
  }),
]);

const scenario = v.strictObject({
  /** What it shows, for people. */
  about: v.optional(v.string(), ""),
  /** To be run with, if no other is asked for. */
  seed: v.optional(v.number(), 1),
  profile: v.optional(v.picklist(["lan", "wan", "local"]), "lan"),
  /** Nodes keep snapshots. */
  snapshots: v.optional(v.boolean(), false),
  /**
   * On how many hosts the nodes are, by turns, each with a port of its own; left out, each node has a host of its own. Links are between hosts, or from one to itself: groups that
   * share one and are cut off from each other cut off all on it. Power fails on all of a host.
   */
  hosts: v.optional(count(100_000)),
  /** Nodes encrypt what they send. */
  encrypted: v.optional(v.boolean(), false),
  /** The network in the beginning. */
  network: v.optional(conditions, {}),
  /** Options of every node beyond the profile. */
  serf: v.optional(v.record(v.string(), v.unknown()), {}),
  steps: v.array(step),
});

/** A scenario as it is written: what is left out has a default. */
export type Scenario = v.InferInput<typeof scenario>;
/** Something that happens. */
export type Step = v.InferInput<typeof step>;
/** With all defaults filled in. */
export type CheckedScenario = v.InferOutput<typeof scenario>;
export type CheckedStep = v.InferOutput<typeof step>;

/** Fills in defaults. Throws INVALID_SCENARIO, which names the place and what it accepts. */
export function checkScenario(given: unknown): CheckedScenario {
  const result = v.safeParse(scenario, given);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = issue.path?.map(({ key }) => String(key)).join(".") ?? "";
  throw new SerfError("INVALID_SCENARIO", `${place === "" ? "the scenario" : place}: ${issue.message}`);
}

/** The options of Serf that a scenario gives; they are checked when the first node starts. */
export function serfOptionsOf({ serf }: CheckedScenario): Partial<SerfOptions> {
  return serf as Partial<SerfOptions>;
}

/** "n2..n4": n2, n3 and n4. */
export function expandRange(text: string): string[] {
  const match = /^([^\d]*)(\d+)\.\.\1(\d+)$/.exec(text);
  if (match === null) return [text];
  const [, prefix, first, last] = match;
  const length = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length }, (_, index) => `${prefix}${Number(first) + index}`);
}
