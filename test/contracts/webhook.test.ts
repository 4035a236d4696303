/** The webhook plugin with real HTTP on both sides, on loopback. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createPluginBench, type PluginBench } from "../../src/plugins/bench.ts";
import { plugin } from "../../src/plugins/webhook/index.ts";
import { sign } from "../../src/plugins/webhook/signature.ts";
import { waitFor } from "../support/wait-for.ts";

const token = "correct-horse-battery";
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A server that notes what is posted, and answers with these statuses, then with 200. */
async function startHook(...statuses: number[]) {
  const received: Received[] = [];
  const server = createServer(async (message, response) => {
    let text = "";
    for await (const chunk of message) text += chunk;
    received.push({ headers: message.headers, text });
    response.writeHead(statuses.shift() ?? 200, { Location: "/elsewhere" }).end("ignored");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

async function startPlugin(fileOptions: object): Promise<PluginBench> {
  const bench = await createPluginBench(plugin, {
    fileOptions: fileOptions as Record<string, unknown>,
    time: "real",
    self: "here",
    members: [{ name: "web1", address: "10.0.0.2", tags: { role: "web" } }],
    ask: () => ({ acks: ["web1"], responses: [{ from: "web1", payload: Buffer.from("0.5") }] }),
  }).start();
  cleanups.push(() => bench.stop());
  return bench;
}

describe("webhook, outward", () => {
  test("posts what is wanted, in order, signed, after failures too", async () => {
    const { url, received } = await startHook(503, 500);
    const bench = await startPlugin({
      urls: [
        { name: "ci", url, events: ["user:deploy", "member-failed,member-join"], secret: "key", retry_min: "10ms" },
      ],
    });
    bench.userEvent("deploy", "v1");
    bench.userEvent("other", "x");
    bench.setMember({ name: "web1", status: "failed" });
    bench.setMember({ name: "web1", tags: { role: "cache" } });
    bench.userEvent("deploy", Uint8Array.of(254));
    await waitFor(() => expect(received).toHaveLength(5), { what: "the posts" });
    const bodies = received.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
    expect(bodies.slice(2)).toMatchObject([
      { kind: "user", node: "here", event: { name: "deploy", payload: "v1", lamport_time: 1 } },
      {
        kind: "member-failed",
        members: [{ name: "web1", address: "10.0.0.2", status: "failed", tags: { role: "web" } }],
      },
      { kind: "user", event: { name: "deploy", payload_base64: "/g==" } },
    ]);
    expect(bodies[0]).toEqual(bodies[2]);
    const { headers, text } = received[2]!;
    const [, seconds] = /^t=(\d+),/.exec(String(headers["serf-signature"])) ?? [];
    expect(headers["serf-signature"]).toBe(sign("key", Number(seconds), text));
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
    await waitFor(() => expect(bench.status).toBe("1 URL: 3 sent, 0 waiting, 0 dropped"), { what: "the count" });
  });

  test("tells a chat in its words, and only of members with the tags", async () => {
    const { url, received } = await startHook();
    const bench = await startPlugin({ urls: [{ url, format: "chat", tags: { role: "web|db" } }] });
    bench.setMember({ name: "cache1", tags: { role: "cache" } });
    bench.setMember({ name: "web2", address: "10.0.0.3", tags: { role: "web" } });
    await waitFor(() => expect(received).toHaveLength(1), { what: "the post" });
    expect(JSON.parse(received[0]!.text)).toEqual({ text: "web2 (10.0.0.3) joined" });
  });

  test("follows no redirect, and gives up in time who does not answer", async () => {
    const { url, received } = await startHook(307);
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    cleanups.push(() => {
      silent.close();
      silent.closeAllConnections();
    });
    const bench = await startPlugin({
      urls: [
        { name: "moved", url },
        {
          name: "silent",
          url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
          timeout: "100ms",
          attempts_max: 1,
        },
      ],
    });
    bench.userEvent("deploy");
    const lines = [
      "WARN moved: a post is dropped: HTTP 307, a redirect, which is not followed",
      "WARN silent: a post is dropped: no answer in 100 ms, after 1 attempts",
    ];
    await waitFor(() => expect(bench.log.toSorted()).toEqual(lines), { what: "both to be given up" });
    expect(received).toHaveLength(1);
    expect(bench.problem).toContain("moved: HTTP 307");
  });

  test("posts the results of queries that it asks from time to time", async () => {
    const { url, received } = await startHook();
    await startPlugin({ urls: [{ url, events: ["query:load"] }], ask: [{ query: "load", every: "1s" }] });
    await waitFor(() => expect(received.length).toBeGreaterThan(0), { what: "the result" });
    expect(JSON.parse(received[0]!.text)).toMatchObject({
      kind: "query",
      query: { name: "load", acks: ["web1"], responses: [{ from: "web1", payload: "0.5" }], payload: "" },
    });
  });

  test("still posts what waits when it stops", async () => {
    const { url, received } = await startHook();
    const bench = await startPlugin({ urls: [{ url }] });
    for (const payload of ["1", "2", "3"]) bench.userEvent("deploy", payload);
    await bench.stop();
    expect(received).toHaveLength(3);
  });
});

describe("webhook, inward", () => {
  async function startListening(options: object = {}) {
    const bench = await startPlugin({ listen: "0", token, ...options });
    const [, address = ""] = /listens at ([^\s;]+)/.exec(bench.status) ?? [];
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    const post = (path: string, init: RequestInit = {}) =>
      fetch(`http://${address}${path}`, { method: "POST", headers: { Authorization: `Bearer ${token}` }, ...init });
    return { bench, address, post };
  }

  test("takes in events and queries", async () => {
    const { bench, post } = await startListening();
    const sent = await post("/event/deploy", { body: "v1" });
    expect([sent.status, await sent.json()]).toEqual([202, { event: { name: "deploy", payload_bytes: 2 } }]);
    const asked = await post("/query/load");
    expect([asked.status, await asked.json()]).toEqual([
      200,
      { query: { name: "load", acks: ["web1"], responses: [{ from: "web1", payload: "0.5" }] } },
    ]);
    expect(bench.sentEvents).toEqual([{ name: "deploy", payload: "v1", coalesce: true }]);
    expect(bench.log.join("\n")).not.toContain(token);
  });

  test("posts the result of such a query to the URLs as well", async () => {
    const { url, received } = await startHook();
    const { post } = await startListening({ urls: [{ url, events: ["query"] }] });
    await post("/query/load");
    await waitFor(() => expect(received).toHaveLength(1), { what: "the post" });
  });

  test("refuses in JSON: a stranger, another method, another path, a body that is too long", async () => {
    const { bench, address, post } = await startListening({ body_bytes_max: 10 });
    const headers = { Authorization: "Bearer nonsense" };
    const stranger = await post("/event/a", { headers });
    expect([stranger.status, stranger.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const got = await fetch(`http://${address}/event/a`, { headers: { Authorization: `Bearer ${token}` } });
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await post("/")).status).toBe(404);
    const long = await post("/event/a", { body: "x".repeat(11) });
    expect([long.status, await long.json()]).toEqual([
      413,
      { error: { code: "BODY_TOO_LARGE", message: "a body has at most 10 bytes here" } },
    ]);
    expect(await postInChunks(address)).toBe(413);
    expect(bench.sentEvents).toEqual([]);
  });

  test("stays usable whatever bytes come", async () => {
    const { address, post } = await startListening();
    const [host = "", port = ""] = address.split(":");
    for (const bytes of [
      "\0\x01\xff",
      "POST /event/a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "GET /\r\n\r\n",
    ]) {
      const socket = connect(Number(port), host);
      socket.on("error", () => undefined).end(bytes, "latin1");
      socket.resume();
      await once(socket, "close");
    }
    expect((await post("/event/a")).status).toBe(202);
  });
});

/** Without a length in the header, and endless: the status that cuts it off. */
function postInChunks(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(`http://${address}/event/a`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    const more = setInterval(() => sending.write("12345"), 5);
    sending.on("response", (response) => {
      clearInterval(more);
      response.resume();
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on("error", (error) => {
      clearInterval(more);
      reject(error);
    });
  });
}
