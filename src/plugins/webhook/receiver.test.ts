import { describe, expect, test } from "vitest";
import { SerfError } from "../../base/errors.ts";
import { resolveOptions } from "../../base/options.ts";
import type { PluginQueryOptions } from "../plugin.ts";
import { type WebhookOptions, webhookOptions } from "./options.ts";
import { Receiver, type Reply, type RequestHead } from "./receiver.ts";

const token = "correct-horse-battery";

/** A receiver that notes what reaches the cluster. */
function receiverOf(options: Partial<WebhookOptions> = {}, failsWith?: Error) {
  const done: unknown[] = [];
  let nowMs = 0;
  const receiver = new Receiver(resolveOptions(webhookOptions, { listen: "0", token, ...options }), {
    events: {
      send: async (name, payload, how) => {
        if (failsWith !== undefined) throw failsWith;
        done.push(["event", name, Buffer.from(payload ?? "").toString(), how?.coalesce]);
      },
    },
    queries: {
      ask: async (name, payload, how: PluginQueryOptions = {}) => {
        done.push(["query", name, Buffer.from(payload ?? "").toString(), how]);
        return {
          acks: ["a"],
          responses: [
            { from: "a", payload: Buffer.from("0.5") },
            { from: "b", payload: Uint8Array.of(255) },
          ],
        };
      },
    },
    nowMs: () => nowMs,
    answered: (name) => done.push(["answered", name]),
  });
  const ask = async (head: Partial<RequestHead> & { readonly target: string }, body = ""): Promise<Reply> => {
    const decision = receiver.admit({
      method: "POST",
      authorization: `Bearer ${token}`,
      contentType: "",
      address: "10.0.0.9",
      ...head,
    });
    return "status" in decision ? decision : receiver.perform(decision, Buffer.from(body));
  };
  return { ask, done, pass: (ms: number) => (nowMs += ms) };
}

describe("a request", () => {
  test("with bytes as its body sends them as they are", async () => {
    const { ask, done } = receiverOf();
    expect(await ask({ target: "/event/compile" }, "hello|http://git/hello.git")).toEqual({
      status: 202,
      body: { event: { name: "compile", payload_bytes: 26 } },
    });
    expect(done).toEqual([["event", "compile", "hello|http://git/hello.git", true]]);
  });

  test("with JSON may say more", async () => {
    const { ask, done } = receiverOf();
    const contentType = "application/json; charset=utf-8";
    await ask({ target: "/event/a%7Cb", contentType }, '{"payload_base64": "aGk=", "coalesce": false}');
    await ask(
      { target: "/query/load", contentType },
      '{"payload": "1m", "timeout": "2s", "nodes": ["a"], "tags": {"role": "web"}}',
    );
    expect(done).toEqual([
      ["event", "a|b", "hi", false],
      ["query", "load", "1m", { filterNodes: ["a"], filterTags: { role: "web" }, timeoutMs: 2000 }],
      ["answered", "load"],
    ]);
  });

  test("for a query is answered with what the members said", async () => {
    const { ask } = receiverOf();
    expect(await ask({ target: "/query/load" })).toEqual({
      status: 200,
      body: {
        query: {
          name: "load",
          acks: ["a"],
          responses: [
            { from: "a", payload: "0.5" },
            { from: "b", payload_base64: "/w==" },
          ],
        },
      },
    });
  });

  test.each([
    ["no token", { target: "/event/a", authorization: "" }, 401, "UNAUTHORIZED"],
    ["the wrong token", { target: "/event/a", authorization: "Bearer correct-horse-batterx" }, 401, "UNAUTHORIZED"],
    ["half a token", { target: "/event/a", authorization: "Bearer correct" }, 401, "UNAUTHORIZED"],
    ["another scheme", { target: "/event/a", authorization: `Basic ${token}` }, 401, "UNAUTHORIZED"],
    ["another path", { target: "/members" }, 404, "NOT_FOUND"],
    ["no name", { target: "/event/" }, 404, "NOT_FOUND"],
    ["more after the name", { target: "/event/a/b" }, 404, "NOT_FOUND"],
    ["a name that is not decodable", { target: "/event/%zz" }, 400, "INVALID_NAME"],
    ["a name with a line feed", { target: "/event/a%0Ab" }, 400, "INVALID_NAME"],
    ["a name of Serf's own", { target: "/query/_serf_stats" }, 400, "INVALID_NAME"],
    ["another method", { target: "/event/a", method: "GET" }, 405, "METHOD_NOT_ALLOWED"],
    ["an event that is not allowed", { target: "/event/halt" }, 403, "FORBIDDEN"],
  ])("with %s is refused", async (_what, head, status, code) => {
    const { ask, done } = receiverOf({ eventsAllowed: ["a"] });
    expect(await ask(head)).toMatchObject({ status, body: { error: { code } } });
    expect(done).toEqual([]);
  });

  test.each([
    ["{", /not JSON/],
    ["[]", /must be an object/],
    ['{"paylod": "x"}', /did you mean "payload"/],
    ['{"payload": "x", "payload_base64": "eA=="}', /both/],
    ['{"coalesce": "yes"}', /coalesce/],
  ])("with the JSON %s is refused", async (body, message) => {
    const { ask, done } = receiverOf();
    expect(await ask({ target: "/event/a", contentType: "application/json" }, body)).toMatchObject({
      status: 400,
      body: { error: { code: "INVALID_OPTION", message: expect.stringMatching(message) } },
    });
    expect(done).toEqual([]);
  });

  test.each([
    [new SerfError("USER_EVENT_TOO_LARGE", "too large"), 413],
    [new SerfError("PLUGIN_BUSY", "busy"), 503],
    [new Error("broken"), 500],
  ])("that fails with %s says so", async (error, status) => {
    expect((await receiverOf({}, error).ask({ target: "/event/a" })).status).toBe(status);
  });

  test("beyond the rate is refused, for that address alone", async () => {
    const { ask, pass } = receiverOf({ rate: 2 });
    const statuses = [];
    for (let n = 0; n < 5; n++) statuses.push((await ask({ target: "/event/a" })).status);
    expect(statuses).toEqual([202, 202, 202, 202, 429]);
    expect((await ask({ target: "/event/a", address: "10.0.0.8" })).status).toBe(202);
    pass(500);
    expect((await ask({ target: "/event/a" })).status).toBe(202);
    expect((await ask({ target: "/event/a" })).status).toBe(429);
  });
});
