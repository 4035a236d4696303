/** Tells URLs what happens in the cluster, and takes in events and queries by HTTP. */

import { definePlugin, type PluginContext, type PluginQueryResult } from "../plugin.ts";
import { readEndpoint } from "../shared/endpoint.ts";
import { Delivery, type DeliverySurroundings } from "./delivery.ts";
import { readChoices } from "./event-choice.ts";
import { type HttpListener, listenByHttp } from "./listener.ts";
import { type Notice, renderChat, renderJson } from "./notices.ts";
import { checkWebhookOptions, type TargetOptions, type WebhookOptions, webhookOptions } from "./options.ts";
import { postByHttp } from "./post.ts";
import { Receiver } from "./receiver.ts";
import { compileTags } from "./tag-match.ts";

/** What is still to be posted when the agent ends, its own leaving above all, has so long. */
const farewellMs = 3000;

export const plugin = definePlugin({
  name: "webhook",
  description: "Posts events, member changes and query results to URLs, and takes in events and queries by HTTP",
  options: webhookOptions,
  checkOptions: checkWebhookOptions,
  async start(context) {
    const targets = context.options.urls.map((options) => new Target(options, context, () => report()));
    const tell = (notice: Notice): void => {
      for (const target of targets) target.offer(notice);
    };
    const listener = await startReceiving(context, tell);
    const report = (): void => reportState(context, targets, listener);
    context.events.onMembers("*", (members, kind) => tell({ kind, members }));
    context.events.onUser("*", (event) => tell({ kind: "user", name: event.name, event }));
    for (const { query, payload, everyMs } of context.options.ask) {
      context.scheduler.every(everyMs, async () => {
        const result = await context.queries.ask(query, payload);
        tell({ kind: "query", name: query, payload: Buffer.from(payload), result });
      });
    }
    report();
    return {
      stop: async () => {
        await Promise.all([listener?.close(), ...targets.map((target) => target.delivery.close(farewellMs))]);
      },
    };
  },
});

/** One URL, and which of what happens it is told. */
class Target {
  readonly delivery: Delivery;
  private readonly options: TargetOptions;
  private readonly context: PluginContext<WebhookOptions>;
  private readonly choices: ReturnType<typeof readChoices>;
  private readonly tags: ReturnType<typeof compileTags>;

  constructor(options: TargetOptions, context: PluginContext<WebhookOptions>, changed: () => void) {
    this.options = options;
    this.context = context;
    this.choices = readChoices(options.events);
    this.tags = compileTags(options.tags);
    this.delivery = new Delivery(options, { ...surroundingsOf(context), changed });
  }

  offer(notice: Notice): void {
    const wanted = this.narrow(notice);
    if (wanted === undefined) return;
    const at = new Date().toISOString();
    const node = this.context.members.self().name;
    this.delivery.push(wanted.kind, (id) =>
      this.options.format === "chat" ? renderChat(wanted) : renderJson(wanted, { id, at, node }),
    );
  }

  /** Without the members that are not meant; undefined where nothing is left. */
  private narrow(notice: Notice): Notice | undefined {
    const { choices, tags } = this;
    if ("problem" in choices || "problem" in tags || !choices.matches(notice)) return undefined;
    if (!("members" in notice)) return tags.matches(this.context.members.self().tags) ? notice : undefined;
    const members = notice.members.filter((member) => tags.matches(member.tags));
    return members.length === 0 ? undefined : { ...notice, members };
  }
}

function surroundingsOf({ scheduler, logger }: PluginContext): Omit<DeliverySurroundings, "changed"> {
  return {
    scheduler,
    post: postByHttp,
    random: Math.random,
    wallClockMs: Date.now,
    warn: (message) => logger.warn(message),
  };
}

async function startReceiving(
  { options, events, queries, logger }: PluginContext<WebhookOptions>,
  tell: (notice: Notice) => void,
): Promise<HttpListener | undefined> {
  if (options.listen === "") return undefined;
  const endpoint = readEndpoint(options.listen);
  if ("problem" in endpoint) throw new Error(endpoint.problem);
  const receiver = new Receiver(options, {
    events,
    queries,
    nowMs: () => performance.now(),
    answered: (name: string, payload: Uint8Array, result: PluginQueryResult) =>
      tell({ kind: "query", name, payload, result }),
  });
  const log = (line: string): void => (options.trace ? logger.info(line) : logger.debug(line));
  return listenByHttp(endpoint, receiver, options.bodyBytesMax, log);
}

function reportState(
  { setStatus, setProblem }: PluginContext,
  targets: readonly Target[],
  listener: HttpListener | undefined,
): void {
  const deliveries = targets.map(({ delivery }) => delivery);
  const sum = (count: (delivery: Delivery) => number): number =>
    deliveries.reduce((total, delivery) => total + count(delivery), 0);
  const parts = [
    ...(listener === undefined ? [] : [`listens at ${listener.address}`]),
    ...(deliveries.length === 0
      ? []
      : [
          `${deliveries.length} ${deliveries.length === 1 ? "URL" : "URLs"}: ${sum(({ counts }) => counts.sent)} sent, ` +
            `${sum(({ waiting }) => waiting)} waiting, ${sum(({ counts }) => counts.dropped)} dropped`,
        ]),
  ];
  setStatus(parts.join("; "));
  const problems = deliveries.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
  setProblem(problems.length === 0 ? undefined : problems.join("; "));
}
