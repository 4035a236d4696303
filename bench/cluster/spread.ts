/** How events reach a cluster: one at a time, and thousands at once. Seen at the RPC stream of every agent, by one process. */

import { sleep } from "../../test/support/wait-for.ts";
import type { RpcSocket } from "../rpc-socket.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { readTraffic } from "./network.ts";

const eventName = "bench";
const numberMark = "event-number-";
const numberDigits = 6;
/** 50 bytes, as in a message that says what to do and with which version. */
const payloadBytes = 50;
/** After this a single event counts as lost. */
const eventDeadlineMs = 45_000;
/** Time between single events, with a random part so that they meet all phases of the agents' timers. */
const gapMs = { least: 200, most: 400 };
/** A burst is over when nothing has come for so long: a push/pull that brings what is missing may be that far away. */
export const quietMs = 20_000;
const burstDeadlineMs = 180_000;

export interface EventFigures {
  /** From its sending to its arrival at the last node, of each event; infinite for one that was lost. */
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
  /** What all nodes sent meanwhile. */
  readonly datagrams: number | undefined;
}

export interface BurstFigures {
  readonly sent: number;
  /** How many the agent accepted. */
  readonly accepted: number;
  /** Until the sender had its last answer. */
  readonly acceptedMs: number;
  /** Mean over the nodes that did not send. */
  readonly deliveredShare: number;
  /** At the node that got least. */
  readonly leastShare: number;
  /** Deliveries that did not take place. */
  readonly missing: number;
  /** Until the last delivery at any node. */
  readonly lastDeliveryMs: number;
  /** Deliveries of what the same node had been given before. */
  readonly duplicates: number;
}

/** Sends events one after another, at one node after another. */
export async function measureEvents(cluster: LiveCluster, events: number): Promise<EventFigures> {
  let current = -1;
  let missing = 0;
  let allHaveIt = (_atMs: number) => {};
  const taps = await openTaps(cluster, () => (number, atMs) => {
    if (number === current && --missing === 0) allHaveIt(atMs);
  });
  const latenciesMs: number[] = [];
  const before = readTraffic();
  const startedAtMs = performance.now();
  for (let event = 0; event < events; event++) {
    current = event;
    missing = cluster.size;
    // Told, not asked again and again: on two cores a benchmark that looks every few milliseconds is in its agents' way.
    const last = new Promise<number>((resolve) => {
      allHaveIt = resolve;
      setTimeout(resolve, eventDeadlineMs, Number.POSITIVE_INFINITY).unref();
    });
    const send = taps[(event * 7) % taps.length]!.prepare([{ command: "event", body: eventBody(event) }]);
    const sentAtMs = performance.now();
    send();
    latenciesMs.push((await last) - sentAtMs);
    await sleep(gapMs.least + Math.random() * (gapMs.most - gapMs.least));
  }
  const after = readTraffic();
  for (const tap of taps) tap.close();
  return {
    latenciesMs,
    seconds: (performance.now() - startedAtMs) / 1000,
    datagrams: before === undefined || after === undefined ? undefined : after.datagrams - before.datagrams,
  };
}

/** Hands so many events to the first node, or in equal shares to the first `senders`, as fast as their RPC takes them. */
export async function measureBurst(
  cluster: LiveCluster,
  events: number,
  { senders = 1, deadlineMs = burstDeadlineMs }: { readonly senders?: number; readonly deadlineMs?: number } = {},
): Promise<BurstFigures> {
  const deliveredAt = cluster.agents.map(() => 0);
  let delivered = 0;
  let duplicates = 0;
  let lastAtMs = 0;
  const first = 500_000; // apart from the numbers of single events
  const taps = await openTaps(cluster, (index) => {
    const seen = new Uint8Array(events);
    return (number, atMs) => {
      const at = number - first;
      if (index < senders || at < 0 || at >= events) return;
      if (seen[at] === 1) duplicates++;
      else {
        delivered++;
        deliveredAt[index]!++;
      }
      seen[at] = 1;
      lastAtMs = atMs;
    };
  });
  const callers = (await cluster.connect()).slice(0, senders);
  const startedAtMs = performance.now();
  const requests = Array.from({ length: events }, (_, n) => ({ command: "event", body: eventBody(first + n) }));
  for (const [index, caller] of callers.entries()) caller.sendAll(requests.filter((_, n) => n % senders === index));
  const answered = Promise.all(callers.map((caller) => caller.answered(deadlineMs))).catch(() => undefined);
  const acceptedMs = answered.then(() => performance.now() - startedAtMs);
  await answered;
  const receivers = cluster.size - senders;
  const wanted = events * receivers;
  const endsAtMs = startedAtMs + deadlineMs;
  lastAtMs ||= performance.now();
  while (delivered < wanted && performance.now() < Math.min(endsAtMs, lastAtMs + quietMs)) await sleep(10);
  for (const socket of [...taps, ...callers]) socket.close();
  return {
    sent: events,
    accepted: callers.reduce((sum, { answersGood }) => sum + answersGood - 1, 0), // without the handshake's
    acceptedMs: await acceptedMs,
    deliveredShare: delivered / wanted,
    leastShare: Math.min(...deliveredAt.slice(senders)) / events,
    missing: wanted - delivered,
    lastDeliveryMs: lastAtMs - startedAtMs,
    duplicates,
  };
}

/** A stream of the benchmark's events from each agent. */
async function openTaps(
  cluster: LiveCluster,
  createReceiver: (index: number) => (number: number, atMs: number) => void,
): Promise<RpcSocket[]> {
  const taps = await cluster.connect();
  for (const [index, tap] of taps.entries()) {
    tap.watch(numberMark, numberDigits, createReceiver(index));
    await tap.ask("stream", { Type: `user:${eventName}` });
  }
  return taps;
}

/** Not to be coalesced, which would hold it back for a second or more. */
function eventBody(number: number) {
  const text = `${numberMark}${String(number).padStart(numberDigits, "0")}`.padEnd(payloadBytes, ".");
  return { Name: eventName, Payload: Buffer.from(text), Coalesce: false };
}
