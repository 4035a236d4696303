import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../base/options.ts";
import { BenchTimers } from "../bench-timers.ts";
import { Scheduler } from "../scheduler.ts";
import { Delivery } from "./delivery.ts";
import { type TargetOptions, targetOptions } from "./options.ts";
import type { PostAnswer, PostRequest } from "./post.ts";
import { sign } from "./signature.ts";

type Behaviour = (request: PostRequest) => PostAnswer | Promise<PostAnswer>;

/** A URL whose answers the test gives, in time that it lets pass. */
function deliveryTo(behaviour: Behaviour, options: Partial<TargetOptions> = {}) {
  const timers = new BenchTimers();
  const scheduler = new Scheduler(timers, (error) => {
    throw error;
  });
  const seen: { readonly atMs: number; readonly request: PostRequest }[] = [];
  const warnings: string[] = [];
  const delivery = new Delivery(resolveOptions(targetOptions, { url: "http://hooks.example/x?key=hush", ...options }), {
    scheduler,
    post: async (request) => {
      seen.push({ atMs: timers.nowMs(), request });
      return behaviour(request);
    },
    random: () => 0,
    wallClockMs: () => 1_700_000_000_999,
    changed: () => undefined,
    warn: (message) => warnings.push(message),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const advance = async (ms: number) => {
    const untilMs = timers.nowMs() + ms;
    do await settle();
    while (timers.fireNext(untilMs));
    await settle();
  };
  const push = (...bodies: string[]) => {
    for (const body of bodies) delivery.push("user", () => body);
  };
  return { delivery, seen, warnings, advance, push };
}

describe("posts to one URL", () => {
  test("are tried again, later and later, and keep their order", async () => {
    let failures = 4;
    const { delivery, seen, advance, push } = deliveryTo(() => ({ status: failures-- > 0 ? 503 : 200 }), {
      retryMaxMs: 3000,
    });
    push("a", "b");
    await advance(60_000);
    expect(seen.map(({ atMs, request }) => `${atMs} ${request.body}`)).toEqual([
      "0 a",
      "1000 a",
      "3000 a",
      "6000 a",
      "9000 a",
      "9000 b",
    ]);
    expect([delivery.counts, delivery.waiting, delivery.problem]).toEqual([{ sent: 2, dropped: 0 }, 0, undefined]);
    expect(seen.map(({ request }) => request.headers["Serf-Attempt"])).toEqual(["1", "2", "3", "4", "5", "1"]);
    expect(new Set(seen.map(({ request }) => request.headers["Serf-Delivery"])).size).toBe(2);
  });

  test("wait as long as the other side says", async () => {
    const { seen, advance, push } = deliveryTo(() => ({ status: 429, retryAfterMs: 20_000 }));
    push("a");
    await advance(20_000);
    expect(seen.map(({ atMs }) => atMs)).toEqual([0, 20_000]);
  });

  test.each([
    [400, "HTTP 400"],
    [302, "HTTP 302, a redirect, which is not followed"],
  ])("are given up at once for HTTP %i", async (status, why) => {
    const { delivery, seen, warnings, advance, push } = deliveryTo(() => ({ status }));
    push("a");
    await advance(60_000);
    expect([seen.length, delivery.counts, delivery.problem]).toEqual([1, { sent: 0, dropped: 1 }, why]);
    // Nothing of the URL but its host: the rest may be a password.
    expect(warnings).toEqual([`hooks.example: a post is dropped: ${why}`]);
  });

  test("are given up after so many attempts, and the next has its turn", async () => {
    const { delivery, seen, advance, push } = deliveryTo(
      ({ body }) => {
        if (body === "a") throw new Error("ECONNREFUSED");
        return { status: 204 };
      },
      { attemptsMax: 3 },
    );
    push("a", "b");
    await advance(60_000);
    expect(seen.map(({ request }) => request.body)).toEqual(["a", "a", "a", "b"]);
    expect(delivery.counts).toEqual({ sent: 1, dropped: 1 });
  });

  test("are bounded: of too many the oldest that waits is dropped", async () => {
    let answer = (): void => undefined;
    const { delivery, seen, advance, push } = deliveryTo(
      () => new Promise((resolve) => (answer = () => resolve({ status: 200 }))),
      { queueMax: 2 },
    );
    push("a");
    await advance(0);
    push("b", "c", "d");
    expect([delivery.counts.dropped, delivery.waiting]).toEqual([1, 3]);
    for (let n = 0; n < 3; n++) {
      answer();
      await advance(0);
    }
    expect(seen.map(({ request }) => request.body)).toEqual(["a", "c", "d"]);
  });

  test("are tried once more when the plugin stops, and not after a failure", async () => {
    const { delivery, seen, push, advance } = deliveryTo(() => ({ status: 503 }));
    push("a", "b", "c");
    await advance(0);
    await delivery.close(1000);
    expect(seen.map(({ request }) => request.body)).toEqual(["a", "a"]);
    expect(delivery.counts).toEqual({ sent: 0, dropped: 3 });
  });

  test("hold up the end of the agent no longer than they may", async () => {
    const { delivery, push, advance } = deliveryTo(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut off")))),
    );
    push("a", "b");
    await advance(0);
    await delivery.close(10);
    expect([delivery.counts, delivery.problem]).toEqual([{ sent: 0, dropped: 2 }, "cut off"]);
  });

  test("carry a signature of time and body", async () => {
    const { seen, advance, push } = deliveryTo(() => ({ status: 200 }), {
      secret: "key",
      headers: { "X-Team": "ops" },
    });
    push('{"a":1}');
    await advance(0);
    expect(seen[0]?.request.headers).toMatchObject({
      "X-Team": "ops",
      "Content-Type": "application/json",
      "Serf-Event": "user",
      // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
      "Serf-Signature": "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03",
    });
    expect(sign("other", 1_700_000_000, '{"a":1}')).not.toContain(
      "a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03",
    );
  });
});
