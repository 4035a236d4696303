import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { utf8Decode } from "../../src/base/bytes.ts";
import {
  type CreateSerfOptions,
  createSerf,
  distanceSeconds,
  type MissedEvents,
  memberlistProfiles,
  type SerfEvent,
  type SerfNode,
} from "../../src/index.ts";
import { SimulatedNetwork } from "../../src/simulator/index.ts";

const nodes: SerfNode[] = [];

async function start(nodeName: string, options: CreateSerfOptions = {}): Promise<SerfNode> {
  const memberlist = { ...memberlistProfiles.local, gossipIntervalMs: 10 };
  const node = await createSerf({ nodeName, bind: "127.0.0.1:0", leavePropagateDelayMs: 10, memberlist, ...options });
  nodes.push(node);
  return node;
}

function addressOf(node: SerfNode): string {
  return `127.0.0.1:${node.localMember.port}`;
}

/** The first event that fits. */
async function eventOf(
  events: AsyncIterable<SerfEvent | MissedEvents>,
  fits: (event: SerfEvent | MissedEvents) => boolean,
): Promise<SerfEvent | MissedEvents> {
  for await (const event of events) if (fits(event)) return event;
  throw new Error("the events ended");
}

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.shutdown()));
});

describe("an embedded node", () => {
  test("asks, answers, and reads what comes as it comes", async () => {
    const a = await start("a");
    const b = await start("b");
    await b.join([addressOf(a)]);
    b.on("query", (query) => query.respond(query.payload.toReversed()));
    a.on("query", (query) => query.respond("abc"));
    const results = a.query("mirror", "abc", { requestAck: true, timeoutMs: 60_000 });
    const lines: string[] = [];
    for await (const answer of results)
      lines.push(`${answer.from}: ${answer.kind === "ack" ? "ack" : utf8Decode(answer.payload)}`);
    expect(lines.toSorted()).toEqual(["a: abc", "a: ack", "b: ack", "b: cba"]);
    expect(await results.ended).toBe("complete");
    expect(() => a.query("large", "x".repeat(2000))).toThrow(expect.objectContaining({ code: "QUERY_TOO_LARGE" }));
  });

  test("stops a query whose answers nobody reads on", async () => {
    const a = await start("a");
    a.on("query", (query) => query.respond(query.payload));
    const results = a.query("mirror", "abc", { requestAck: true, timeoutMs: 60_000 });
    for await (const answer of results) {
      expect(answer.from).toBe("a");
      break;
    }
    expect(await results.ended).toBe("stopped");
  });

  test("tells the round trip time to another, once it has probed it", async () => {
    const options = { memberlist: { ...memberlistProfiles.local, probeIntervalMs: 20 } };
    const a = await start("a", options);
    const b = await start("b", options);
    expect(a.coordinate("a")).toMatchObject({ error: 1.5 });
    expect(a.coordinate("b")).toBeUndefined();
    await b.join([addressOf(a)]);
    await expect.poll(() => a.coordinate("b"), { timeout: 10_000 }).toBeDefined();
    const seconds = distanceSeconds(a.coordinate("a")!, a.coordinate("b")!);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(1);
  });

  test("joins, tells and hears user events and tags, and leaves", async () => {
    const a = await start("a", { tags: { role: "web" } });
    const b = await start("b");
    const joined = eventOf(a.events(), ({ kind }) => kind === "member-join");
    expect(await b.join([addressOf(a)])).toEqual({ joined: 1, failures: [] });
    expect(await joined).toMatchObject({ members: [{ name: "b", status: "alive", address: "127.0.0.1" }] });
    expect(b.members().map(({ name, tags }) => [name, tags])).toEqual([
      ["b", {}],
      ["a", { role: "web" }],
    ]);

    const heard = new Promise<string>((resolve) => {
      b.on("user", ({ name, payload }) => resolve(`${name} ${utf8Decode(payload)}`));
    });
    await a.userEvent("deploy", "v1");
    expect(await heard).toBe("deploy v1");

    const updated = eventOf(b.events(), ({ kind }) => kind === "member-update");
    await a.setTags({ role: "db" });
    expect(await updated).toMatchObject({ members: [{ name: "a", tags: { role: "db" } }] });
    expect(a.tags).toEqual({ role: "db" });

    const left = eventOf(a.events(), ({ kind }) => kind === "member-leave");
    await b.leave();
    expect(await left).toMatchObject({ members: [{ name: "b", status: "left" }] });
    expect(b.state).toBe("shutdown");
  });

  test("rejects with what went wrong", async () => {
    const a = await start("a");
    await expect(a.join([])).rejects.toMatchObject({ code: "JOIN_FAILED" });
    await expect(a.setTags({ role: "x".repeat(600) })).rejects.toMatchObject({ code: "TAGS_TOO_LARGE" });
    await expect(a.userEvent("x", new Uint8Array(1000))).rejects.toThrow(
      expect.objectContaining({ code: "USER_EVENT_TOO_LARGE" }),
    );
    await expect(start("b", { bind: addressOf(a) })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await expect(start("b", { bind: "nowhere" })).rejects.toMatchObject({ code: "INVALID_ADDRESS" });
    await a.shutdown();
    await expect(a.join(["127.0.0.1:1"])).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await expect(a.leave()).rejects.toMatchObject({ code: "NOT_RUNNING" });
  });

  test("that cannot start leaves its port free", async () => {
    const a = await start("a");
    const bind = addressOf(a);
    await a.shutdown();
    await expect(start("b", { bind, tags: { role: "x".repeat(600) } })).rejects.toMatchObject({
      code: "TAGS_TOO_LARGE",
    });
    expect((await start("c", { bind })).localMember.name).toBe("c");
  });

  test("ends its readers when it shuts down, after what they had not read yet", async () => {
    const a = await start("a");
    const events = a.events();
    await a.userEvent("last", "");
    await a.shutdown();
    const seen: string[] = [];
    for await (const event of events) seen.push(event.kind);
    expect(seen).toEqual(["user"]);
    for await (const event of a.events()) seen.push(event.kind);
    expect(seen).toEqual(["user"]);
  });

  test("stops calling a listener that was taken off", async () => {
    const a = await start("a");
    const seen: string[] = [];
    const stop = a.on("user", ({ name }) => seen.push(name));
    await a.userEvent("first");
    await Promise.resolve();
    stop();
    await a.userEvent("second");
    await Promise.resolve();
    expect(seen).toEqual(["first"]);
  });

  test("tells a reader that does not read how many events it lost, in their place, and the log once", async () => {
    const lines: string[] = [];
    const logger = { enabled: () => true, log: (_level: string, line: string) => void lines.push(line) };
    const a = await start("a", { logger });
    const events = a.events({ waitingMax: 2 });
    for (const name of ["one", "two", "three", "four"]) await a.userEvent(name);
    await a.shutdown();
    const seen: unknown[] = [];
    for await (const event of events) seen.push(event.kind === "user" ? event.name : event);
    expect(seen).toEqual([{ kind: "missed", count: 2 }, "three", "four"]);
    expect(events.missedCount).toBe(2);
    expect(lines.filter((line) => line.includes("too slow"))).toHaveLength(1);
    expect(() => a.events({ waitingMax: 0 })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  test("a refused event that nobody awaits is a warning in the log, and no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    const lines: string[] = [];
    const logger = { enabled: () => true, log: (level: string, line: string) => void lines.push(`${level} ${line}`) };
    const a = await start("a", { logger });
    void a.userEvent("large", "x".repeat(1000));
    await a.userEvent("fits");
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toContainEqual(expect.stringMatching(/^WARN serf: failed to send user event large: /));
    expect(unhandled).toEqual([]);
  });

  test("finds a member by name, and says how far it is", async () => {
    const options = { memberlist: { ...memberlistProfiles.local, probeIntervalMs: 20 } };
    const a = await start("a", options);
    const b = await start("b", options);
    expect(a.roundTripMs("b")).toBeUndefined();
    await b.join([addressOf(a)]);
    expect(a.member("b")).toMatchObject({ name: "b", status: "alive" });
    expect(a.member("c")).toBeUndefined();
    await expect.poll(() => a.roundTripMs("b"), { timeout: 10_000 }).toBeGreaterThan(0);
    expect(a.roundTripMs("a", "b")).toBeCloseTo(a.roundTripMs("b")!);
    expect(a).toMatchObject({ encrypted: false, protocolVersion: 5, healthScore: expect.any(Number) });
  });

  test("changes some tags and keeps the others, also when asked twice at once", async () => {
    const a = await start("a", { tags: { role: "web", zone: "1" } });
    await Promise.all([a.updateTags({ version: "2" }, ["zone"]), a.updateTags({ weight: "5" })]);
    expect(a.tags).toEqual({ role: "web", version: "2", weight: "5" });
    await expect(a.updateTags({ big: "x".repeat(600) })).rejects.toMatchObject({ code: "TAGS_TOO_LARGE" });
    expect(a.tags).toEqual({ role: "web", version: "2", weight: "5" });
  });

  test("waits for the next event of a kind", async () => {
    const a = await start("a");
    const heard = a.once("user");
    await a.userEvent("deploy");
    expect(await heard).toMatchObject({ name: "deploy" });
    const never = expect(a.once("user")).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await a.shutdown();
    await never;
  });

  test("gives up what a signal calls off", async () => {
    const a = await start("a");
    const b = await start("b");
    await b.join([addressOf(a)]);
    const stop = new AbortController();
    const { signal } = stop;
    const nowhere = a.join(["192.0.2.1:1"], { signal });
    const once = a.once("user", { signal });
    const heard: string[] = [];
    a.on("user", ({ name }) => heard.push(name), { signal });
    const events = a.events({ signal });
    const results = a.query("unanswered", "", { signal, timeoutMs: 60_000 });
    stop.abort(new Error("no longer wanted"));
    await expect(nowhere).rejects.toThrow("no longer wanted");
    await expect(once).rejects.toThrow("no longer wanted");
    expect(await results.ended).toBe("stopped");
    await a.userEvent("unheard");
    await Promise.resolve();
    expect(heard).toEqual([]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await expect(a.join([addressOf(b)], { signal })).rejects.toThrow("no longer wanted");
    expect(() => a.query("x", "", { signal })).toThrow("no longer wanted");
    expect(() => a.events({ signal })).toThrow("no longer wanted");
    expect(a.state).toBe("alive");
  });

  test("is disposed of by leaving, once", async () => {
    const a = await start("a");
    const b = await start("b");
    await b.join([addressOf(a)]);
    await Promise.all([b.leave(), b[Symbol.asyncDispose]()]);
    expect(b.state).toBe("shutdown");
    expect(a.member("b")).toMatchObject({ status: "left" });
    await b[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
    await a.ended;
  });

  test("ends a leave that a shutdown overtakes", async () => {
    const a = await start("a", { leavePropagateDelayMs: 60_000 });
    const b = await start("b");
    await b.join([addressOf(a)]);
    const leaving = a.leave();
    await a.shutdown();
    await leaving;
    expect(a.state).toBe("shutdown");
  });

  test("runs on a simulated host as on sockets, which then has no place to listen of its own", async () => {
    const network = new SimulatedNetwork({ seed: 1 });
    const node = await createSerf({ nodeName: "a", host: network.createHost({ address: "10.0.0.1" }) });
    const other = await createSerf({ nodeName: "b", host: network.createHost({ address: "10.0.0.2" }) });
    const joined = other.join(["10.0.0.1"]);
    network.run(1_000);
    expect(await joined).toEqual({ joined: 1, failures: [] });
    expect(node.unref().member("b")).toMatchObject({ status: "alive", address: "10.0.0.2" });
    await Promise.all([node.shutdown(), other.shutdown()]);
    const host = network.createHost({ address: "10.0.0.3" });
    await expect(createSerf({ host, bind: "10.0.0.3:7946" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  test("installs no signal handlers", async () => {
    const names = () => process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`);
    const before = names();
    const a = await start("a");
    expect(names()).toEqual(before);
    await a.shutdown();
  });
});
