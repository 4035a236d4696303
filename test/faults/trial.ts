/** One fault on one cluster, from its start to agreement after the end, and the verdict. */

import { SeededRandom } from "../../src/simulator/seeded-random.ts";
import type { Distribution } from "../../src/simulator/statistics.ts";
import type { Sandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { sleep } from "../support/wait-for.ts";
import { FaultCluster } from "./cluster.ts";
import { EventFlow } from "./event-flow.ts";
import type { Fault } from "./faults.ts";
import type { EventCount } from "./ledger.ts";

export interface TrialOptions {
  readonly agents: number;
  readonly eventsPerSecond: number;
  readonly durationMs: number;
  readonly seed: number;
  /** After the end of the fault all must agree within so long. */
  readonly agreementMs: number;
  /** What is on its way then still has so long: a push/pull brings what gossip lost. */
  readonly settleMs: number;
}

export interface Telling {
  /** At members, and of senders, to whom nothing happened, by the kind of the sender. */
  readonly sound: Readonly<Record<Kind, EventCount>>;
  /** At members that were cut off, stopped or killed, of senders to whom nothing happened. */
  readonly hit: EventCount;
  /** Tellings of what the same process had told, and of what it had told before it was started anew. */
  readonly twice: number;
  readonly again: number;
  /** By the kind of the sender. */
  readonly delayMs: Readonly<Record<Kind, Distribution | undefined>>;
}

export interface TrialResult {
  readonly fault: string;
  readonly title: string;
  readonly seconds: number;
  readonly evidence: string;
  readonly events: { readonly accepted: number; readonly refused: number };
  readonly ours: Telling;
  readonly debian: Telling;
  /** Members to whom nothing happened, called failed by such members. */
  readonly falseFailures: { readonly byOurs: number; readonly byDebian: number; readonly longestMs: number };
  /** Until all agreed after the end of the fault; undefined if they did not in time. */
  readonly agreedAfterMs: number | undefined;
  /** What broke a promise; none if it was kept. */
  readonly problems: readonly string[];
}

export async function runTrial(sandbox: Sandbox, fault: Fault, options: TrialOptions): Promise<TrialResult> {
  const { agents, eventsPerSecond, durationMs, seed, agreementMs, settleMs } = options;
  const cluster = await FaultCluster.start(sandbox, agents, new SeededRandom(seed), fault.prepare);
  const startedAtMs = performance.now();
  const problems: string[] = [];
  const flow = new EventFlow(cluster.machines, eventsPerSecond, cluster.ledger);
  const evidence = await fault.run(cluster, durationMs).catch((error: unknown) => {
    problems.push(String(error));
    return "";
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  await flow.stop();
  await cluster.network.heal();
  const agreedAfterMs = await cluster.agree(agreementMs).catch((error: unknown) => {
    problems.push(String(error));
    return undefined;
  });
  await sleep(settleMs);
  problems.push(...judge(cluster));
  return {
    ...{ fault: fault.name, title: fault.title, seconds, evidence, agreedAfterMs, problems },
    events: { accepted: cluster.ledger.accepted, refused: flow.refused },
    ours: tellingOf(cluster, "ours"),
    debian: tellingOf(cluster, "debian"),
    falseFailures: falseFailuresOf(cluster),
  };
}

function judge({ machines, ledger }: FaultCluster): readonly string[] {
  const ended = machines
    .filter(({ unexpectedExit }) => unexpectedExit !== undefined)
    .map((machine) => `${machine.name} has ended by itself\n${machine.describe()}`);
  return ledger.twice.ours > 0 ? [...ended, `ours told ${ledger.twice.ours} events twice`] : ended;
}

function tellingOf({ ledger, hit }: FaultCluster, kind: Kind): Telling {
  const isSound = (name: string) => !hit.has(name);
  const soundOf = (sender: Kind) =>
    ledger.countAt(
      (name, ofMember) => ofMember === kind && isSound(name),
      (name, ofSender) => ofSender === sender && isSound(name),
    );
  return {
    sound: { ours: soundOf("ours"), debian: soundOf("debian") },
    hit: ledger.countAt((name, ofMember) => ofMember === kind && hit.has(name), isSound),
    twice: ledger.twice[kind],
    again: ledger.again[kind],
    delayMs: { ours: ledger.delays("ours", kind), debian: ledger.delays("debian", kind) },
  };
}

function falseFailuresOf({ ledger, hit, machines }: FaultCluster): TrialResult["falseFailures"] {
  const kinds = new Map(machines.map(({ name, kind }) => [name, kind]));
  const wrong = ledger.failures.filter(({ observer, subject }) => !hit.has(observer) && !hit.has(subject));
  const nowMs = performance.now();
  return {
    byOurs: wrong.filter(({ observer }) => kinds.get(observer) === "ours").length,
    byDebian: wrong.filter(({ observer }) => kinds.get(observer) === "debian").length,
    longestMs: Math.max(0, ...wrong.map(({ atMs, untilMs = nowMs }) => untilMs - atMs)),
  };
}
