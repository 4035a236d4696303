import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { Ticker } from "../base/ticker.ts";
import { nodeStates, type StateExchange, type StreamMessage } from "../wire/messages.ts";
import { encodeStateExchange } from "../wire/state-exchange.ts";
import { pushPullIntervalMs } from "./scaling.ts";
import { type MergerSurroundings, StateMerger } from "./state-merger.ts";
import { StreamConversation } from "./stream-client.ts";
import { isGone } from "./transitions.ts";

/**
 * Anti-entropy: now and then this node and a random other tell each other everything they know. What gossip lost, and
 * what happened while a partition lasted, is repaired here; joining is the same exchange, with the first node one knows.
 */
export class StateSync {
  private readonly around: MergerSurroundings;
  private readonly ticker: Ticker;
  private readonly running = new Set<StreamConversation>();
  private readonly merger: StateMerger;

  constructor(around: MergerSurroundings) {
    this.around = around;
    this.merger = new StateMerger(around);
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
    this.merger.stop();
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
        if (outcome.kind === "reply") this.receiveReply(outcome.message, join, done);
        else done(failureText(outcome));
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

  /** Takes over what the other side knows. `done` is called when that is so, or with the reason if all of it is refused; not after `stop`. */
  merge(exchange: StateExchange, done: (problem: string | undefined) => void): void {
    this.merger.merge({ ...exchange, done });
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

  private receiveReply(reply: StreamMessage, join: boolean, done: (problem: string | undefined) => void): void {
    if (reply.kind === "push-pull") {
      // To have reached it would be taken for having joined a cluster.
      if (join && !reply.nodes.some(({ state }) => !isGone(state))) done("it has left, and knows nobody who is alive");
      else this.merge({ ...reply, join }, done);
    } else if (reply.kind === "error") done(`remote error: ${reply.error}`);
    else done(`received invalid message (${reply.kind}), expected push-pull`);
  }
}

function failureText(
  outcome: { readonly kind: "closed" } | { readonly kind: "failed"; readonly reason: string },
): string {
  return outcome.kind === "failed" ? outcome.reason : "EOF";
}
