import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { Ticker } from "../base/ticker.ts";
import { type NodeStateRecord, nodeStates, type StreamMessage } from "../wire/messages.ts";
import { encodeStateExchange } from "../wire/state-exchange.ts";
import { checkCompatibility, unknownVersions } from "../wire/versions.ts";
import type { Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import { pushPullIntervalMs } from "./scaling.ts";
import { StreamConversation } from "./stream-client.ts";

export interface StateSyncSurroundings extends Foundations {
  readonly membership: Membership;
  /** The other side suspects a node of this node's name. */
  suspectHeard(namesake: Member): void;
}

/**
 * Anti-entropy: now and then this node and a random other tell each other everything they know. What gossip lost, and
 * what happened while a partition lasted, is repaired here; joining is the same exchange, with the first node one knows.
 */
export class StateSync {
  private readonly around: StateSyncSurroundings;
  private readonly ticker: Ticker;
  private readonly running = new Set<StreamConversation>();

  constructor(around: StateSyncSurroundings) {
    this.around = around;
    this.ticker = new Ticker({
      timers: around.timers,
      random: around.random,
      intervalMs: () => pushPullIntervalMs(around.options.pushPullIntervalMs, around.membership.size),
      handleTick: () => this.handleTurn(),
    });
  }

  start(): void {
    this.ticker.start();
  }

  stop(): void {
    this.ticker.stop();
    for (const conversation of this.running) conversation.abandon();
    this.running.clear();
  }

  /**
   * Exchanges everything with the node at `to`. `done` is called once, never synchronously, with the reason if it failed;
   * after `stop` it is not called.
   */
  exchange(to: Endpoint, name: string, join: boolean, done: (problem: string | undefined) => void): void {
    const { clock, logger, metrics, options } = this.around;
    const startedMs = clock.monotonicMs();
    const conversation = new StreamConversation(this.around, {
      to,
      compose: () => {
        logger.log("DEBUG", `memberlist: Initiating push/pull sync with: ${name} ${formatEndpoint(to)}`);
        return this.encodeLocalState(join);
      },
      answered: true,
      limitMs: options.streamTimeoutMs,
      done: (outcome) => {
        this.running.delete(conversation);
        metrics.sample("memberlist.pushPullNode", clock.monotonicMs() - startedMs);
        done(outcome.kind === "reply" ? this.receiveReply(outcome.message, join) : failureText(outcome));
      },
    });
    this.running.add(conversation);
  }

  /** What this node knows, for a push/pull it begins, or answers after `received` came along: a message to be sealed. */
  encodeLocalState(join: boolean, received?: Uint8Array): Uint8Array {
    const { delegates, membership, metrics } = this.around;
    const userState = delegates.userData?.localState(join, received) ?? emptyBytes;
    const nodes = membership.listed();
    const message = encodeStateExchange({ join, nodes, userState });
    for (const state of nodeStates) {
      const instances = nodes.reduce((count, node) => (node.state === state ? count + 1 : count), 0);
      metrics.gauge(`memberlist.node.instances.${state}`, instances);
    }
    metrics.gauge("memberlist.size.local", message.length);
    return message;
  }

  /** Takes over what the other side knows, or refuses all of it and returns the reason. */
  merge(nodes: readonly NodeStateRecord[], userState: Uint8Array, join: boolean): string | undefined {
    const { delegates, membership, options } = this.around;
    const incompatibility = checkCompatibility([...nodes, ...membership.listed()]);
    if (incompatibility !== undefined) return incompatibility.detail;
    const records = nodes.map((record) => this.withPort(record));
    if (join && delegates.merge !== undefined) {
      const refusal = delegates.merge.refuseMerge(records.map(asMember));
      if (refusal !== undefined) return refusal;
    }
    // Looked at before this node refutes: a suspicion that is gossiped does not say where the suspect is.
    const suspect = records.find(({ name, state }) => state === "suspect" && name === options.nodeName);
    if (suspect !== undefined) this.around.suspectHeard(asMember(suspect));
    membership.merge(records);
    if (userState.length > 0) delegates.userData?.mergeRemoteState(userState, join);
    return undefined;
  }

  /**
   * Exchanges everything with a random member, one of the preferred if there are any. `done` is called once, later, with whether that
   * succeeded; after `stop` it is not called. Returns false, and does nothing, if there is no other member.
   */
  exchangeNow(isPreferred: (name: string) => boolean, done: (succeeded: boolean) => void): boolean {
    const { logger, peers } = this.around;
    const partner = peers.forSync(isPreferred) ?? peers.forSync();
    if (partner === undefined) return false;
    const { address, name, port } = partner;
    this.exchange({ address, port }, name, false, (problem) => {
      if (problem !== undefined) logger.log("ERR", `memberlist: Push/Pull with ${name} failed: ${problem}`);
      done(problem === undefined);
    });
    return true;
  }

  private handleTurn(): void {
    this.exchangeNow(
      () => true,
      () => undefined,
    );
  }

  private receiveReply(reply: StreamMessage, join: boolean): string | undefined {
    if (reply.kind === "error") return `remote error: ${reply.error}`;
    if (reply.kind !== "push-pull") return `received invalid message (${reply.kind}), expected push-pull`;
    return this.merge(reply.nodes, reply.userState, join);
  }

  /** The record itself where its port is known, as it nearly always is. */
  private withPort(record: NodeStateRecord): NodeStateRecord {
    const port = this.around.knownPort(record.port);
    return port === record.port ? record : { ...record, port };
  }
}

function asMember(record: NodeStateRecord): Member {
  return { ...record, versions: record.versions ?? unknownVersions };
}

function failureText(
  outcome: { readonly kind: "closed" } | { readonly kind: "failed"; readonly reason: string },
): string {
  return outcome.kind === "failed" ? outcome.reason : "EOF";
}
