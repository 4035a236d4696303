/** The posts to one URL: one after another, each tried until it is taken or given up. */

import { randomUUID } from "node:crypto";
import { messageOf } from "../../base/errors.ts";
import type { PluginScheduler } from "../plugin.ts";
import type { TargetOptions } from "./options.ts";
import type { Post, PostAnswer } from "./post.ts";
import { sign } from "./signature.ts";

export interface DeliverySurroundings {
  readonly scheduler: PluginScheduler;
  readonly post: Post;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Something of `counts` or `problem` is not as it was. */
  readonly changed: () => void;
  readonly warn: (message: string) => void;
}

interface Waiting {
  readonly id: string;
  readonly kind: string;
  readonly body: string;
  attempts: number;
}

/** What comes of one attempt. */
type Verdict =
  | { readonly kind: "taken" }
  | { readonly kind: "again"; readonly why: string; readonly afterMs: number }
  | { readonly kind: "refused"; readonly why: string };

/** Not now; later, perhaps. All other 4xx say that the post itself is wrong. */
const passingStatuses: readonly number[] = [408, 425, 429];

export class Delivery {
  readonly name: string;
  readonly counts = { sent: 0, dropped: 0 };
  /** Why the last attempt failed, if it did. */
  problem: string | undefined;
  private readonly target: TargetOptions;
  private readonly around: DeliverySurroundings;
  private readonly queue: Waiting[] = [];
  /** The post that is being tried. */
  private current: Waiting | undefined;
  private working: Promise<void> | undefined;
  private cancelWait: (() => void) | undefined;
  private closing = false;
  private readonly ended = new AbortController();

  constructor(target: TargetOptions, around: DeliverySurroundings) {
    this.name = target.name === "" ? new URL(target.url).host : target.name;
    this.target = target;
    this.around = around;
  }

  /** How many posts are not yet taken. */
  get waiting(): number {
    return this.queue.length + (this.current === undefined ? 0 : 1);
  }

  /** `render` is given the id of the post. */
  push(kind: string, render: (id: string) => string): void {
    if (this.closing) return;
    if (this.queue.length >= this.target.queueMax) {
      this.queue.shift();
      this.drop(`more than ${this.target.queueMax} wait, the oldest is dropped`);
    }
    const id = randomUUID();
    this.queue.push({ id, kind, body: render(id), attempts: 0 });
    if (this.working === undefined && this.cancelWait === undefined) this.workAfter(0);
  }

  /** Posts what waits, each once, for at most that long. */
  async close(waitMaxMs: number): Promise<void> {
    this.closing = true;
    this.cancelWait?.();
    const timer = setTimeout(() => this.ended.abort(), waitMaxMs);
    await (this.working ?? this.work());
    clearTimeout(timer);
  }

  private workAfter(delayMs: number): void {
    this.cancelWait = this.around.scheduler.after(delayMs, () => {
      this.cancelWait = undefined;
      this.working = this.work().finally(() => {
        this.working = undefined;
      });
      return this.working;
    });
  }

  private async work(): Promise<void> {
    for (;;) {
      this.current ??= this.queue.shift();
      if (this.current === undefined) return;
      const verdict = await this.attempt(this.current);
      this.problem = verdict.kind === "taken" ? undefined : verdict.why;
      if (verdict.kind === "again" && !this.closing) {
        this.around.changed();
        return this.workAfter(verdict.afterMs);
      }
      this.current = undefined;
      if (verdict.kind === "taken") this.counts.sent += 1;
      else this.drop(verdict.why);
      // Who does not answer now does not before the agent is gone either.
      if (verdict.kind === "again") for (const _ of this.queue.splice(0)) this.drop(verdict.why);
      this.around.changed();
    }
  }

  private async attempt(post: Waiting): Promise<Verdict> {
    post.attempts += 1;
    const { url, headers, secret, timeoutMs, attemptsMax } = this.target;
    const verdict = await this.around
      .post({
        url,
        headers: {
          ...headers,
          "Content-Type": "application/json",
          "User-Agent": "serf-ts",
          "Serf-Event": post.kind,
          "Serf-Delivery": post.id,
          "Serf-Attempt": String(post.attempts),
          ...(secret !== "" && {
            "Serf-Signature": sign(secret, Math.floor(this.around.wallClockMs() / 1000), post.body),
          }),
        },
        body: post.body,
        timeoutMs,
        signal: this.ended.signal,
      })
      .then((answer) => this.judge(answer, post))
      .catch((error: unknown): Verdict => ({ kind: "again", why: messageOf(error), afterMs: this.backOffMs(post) }));
    if (verdict.kind === "again" && post.attempts >= attemptsMax)
      return { kind: "refused", why: `${verdict.why}, after ${post.attempts} attempts` };
    return verdict;
  }

  private judge({ status, retryAfterMs = 0 }: PostAnswer, post: Waiting): Verdict {
    if (status >= 200 && status < 300) return { kind: "taken" };
    const why = `HTTP ${status}`;
    if (status >= 300 && status < 400) return { kind: "refused", why: `${why}, a redirect, which is not followed` };
    if (status < 500 && !passingStatuses.includes(status)) return { kind: "refused", why };
    const afterMs = Math.min(this.target.retryMaxMs, Math.max(retryAfterMs, this.backOffMs(post)));
    return { kind: "again", why, afterMs };
  }

  private backOffMs({ attempts }: Waiting): number {
    const fullMs = Math.min(this.target.retryMaxMs, this.target.retryMinMs * 2 ** (attempts - 1));
    return fullMs * (1 - this.around.random() / 2);
  }

  private drop(why: string): void {
    this.counts.dropped += 1;
    this.around.warn(`${this.name}: a post is dropped: ${why}`);
  }
}
