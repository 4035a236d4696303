/** The RPC server and the client against each other, over loopback. A stand-in plays the agent. */

import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createRpcServer, type RpcLimits, type RpcServer } from "../../src/agent/rpc-server.ts";
import { connectSerf, type SerfClient } from "../../src/client/index.ts";
import { silentLogger, silentMetrics } from "../../src/host/loggers.ts";
import { encodeFrame } from "../../src/rpc/framing.ts";
import { AgentStandIn, member, userEvent } from "../support/agent-stand-in.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface World {
  readonly agent: AgentStandIn;
  readonly server: RpcServer;
  readonly lines: string[];
  connect(authKey?: string): Promise<SerfClient>;
}

async function serve(options: { listen?: string; authKey?: string; limits?: Partial<RpcLimits> } = {}): Promise<World> {
  const agent = new AgentStandIn();
  const lines: string[] = [];
  const logger = {
    enabled: () => true,
    log: (level: string, message: string) => void lines.push(`[${level}] ${message}`),
  };
  const { listen = "127.0.0.1:0", authKey = "", limits = {} } = options;
  const server = await createRpcServer({ listen, authKey, agent, logger, metrics: silentMetrics, limits });
  closers.push(() => server.close());
  return {
    agent,
    server,
    lines,
    async connect(key) {
      const client = await connectSerf({ address: server.address, ...(key === undefined ? {} : { authKey: key }) });
      closers.push(() => client.close());
      return client;
    },
  };
}

/** A connection that says nothing. */
function stranger(address: string): Promise<Socket> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => {});
  closers.push(() => socket.destroy());
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()).resume());
}

describe("RPC over a socket", () => {
  test("brings every command to the agent and its answer back", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    agent.membersNow = [member("one", "alive", { role: "web" }), { ...member("six", "left", {}), address: "fe80::6" }];
    expect(await client.members()).toEqual(agent.membersNow);
    expect(await client.members({ status: "left" })).toMatchObject([{ name: "six" }]);
    const suspicion = { sinceMs: 1_700_000_000_000, accusers: [{ name: "six", sinceMs: 1_700_000_000_000 }] };
    agent.suspectsNow = [{ name: "one", ...suspicion }];
    expect(await client.members()).toEqual([{ ...agent.membersNow[0], suspicion }, agent.membersNow[1]]);
    agent.suspectsNow = [];
    expect(await client.members()).toEqual(agent.membersNow);
    expect(await client.join(["10.0.0.1", "10.0.0.2"], { replay: true })).toBe(1);
    await client.userEvent("deploy", "v1", { coalesce: false });
    await client.userEvent("bare");
    await client.forceLeave("six", { prune: true });
    await client.updateTags({ role: "db" }, ["old"]);
    expect(await client.stats()).toEqual({ agent: { name: "one" }, event_handlers: {} });
    await client.leave();
    expect(agent.calls).toEqual([
      ["join", ["10.0.0.1", "10.0.0.2"], true],
      ["userEvent", "deploy", [...Buffer.from("v1")], false],
      ["userEvent", "bare", [], true],
      ["forceLeave", "six", true],
      ["updateTags", { role: "db" }, ["old"]],
      ["leave"],
    ]);
  });

  test("brings coordinates, and says where there is none", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    // Whole numbers and fractions: both are floats to a client in Go.
    const coordinate = { vec: [0, 0.25, -1e-9, 1], error: 1.5, adjustment: -0.001, height: 10e-6 };
    agent.coordinates.set("one", coordinate);
    expect(await client.coordinate("one")).toEqual(coordinate);
    expect(await client.coordinate("two")).toBeUndefined();
  });

  test("changes and lists keys", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const changed = await client.requestKeys("install", "AAAA");
    expect(changed).toMatchObject({ nodeCount: 2, responseCount: 2, keys: new Map(), problem: undefined });
    await client.requestKeys("use", "AAAA");
    await client.requestKeys("remove", "BBBB");
    expect((await client.requestKeys("list")).keys).toEqual(new Map([["AAAA", 2]]));
    expect(agent.calls).toEqual([
      ["requestKeys", "install", "AAAA"],
      ["requestKeys", "use", "AAAA"],
      ["requestKeys", "remove", "BBBB"],
      ["requestKeys", "list", ""],
    ]);
  });

  test("rejects a change of keys that failed with the report node by node, and goes on", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const messages = new Map([["two", "no response"]]);
    const problem = "1/2 nodes reported success";
    agent.keyReport = { ...agent.keyReport, responseCount: 1, messages, problem };
    for (const operation of ["use", "list"] as const) {
      await expect(client.requestKeys(operation, "AAAA")).rejects.toMatchObject({
        name: "KeysError",
        code: "KEYS_FAILED",
        message: problem,
        report: { nodeCount: 2, responseCount: 1, messages },
      });
    }
    agent.requestKeys = () => Promise.reject(new Error("the node is shut down"));
    await expect(client.requestKeys("list")).rejects.toMatchObject({
      message: "the node is shut down",
      report: { nodeCount: 0, keys: new Map() },
    });
    expect(await client.members()).toHaveLength(2);
  });

  test("rejects with the agent's own words, and goes on", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    agent.joinOutcome = { joined: 0, failures: [{ address: "a", reason: "Failed to join a: refused" }] };
    await expect(client.join(["a"])).rejects.toMatchObject({
      code: "AGENT_ERROR",
      message: "1 error occurred:\n\t* Failed to join a: refused\n\n",
    });
    await expect(client.members({ name: "(" })).rejects.toThrow("Failed to compile regex");
    expect(await client.members()).toHaveLength(2);
  });

  test("answers many calls made at once, each with its own", async () => {
    const { connect } = await serve();
    const client = await connect();
    const calls = Array.from({ length: 200 }, (_, i) => client.members({ name: i % 2 === 0 ? "one" : "two" }));
    const answers = await Promise.all(calls);
    expect(answers.every(([first], i) => first?.name === (i % 2 === 0 ? "one" : "two"))).toBe(true);
  });

  test("streams events and log lines to loops that end when they are left", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const events = await client.stream("user:deploy");
    agent.raise(userEvent("other"));
    agent.raise(userEvent("deploy", "v1"));
    for await (const event of events) {
      expect(event).toMatchObject({ kind: "user", name: "deploy", lamportTime: 9, coalesce: false });
      break;
    }
    expect(agent.listeners.size).toBe(0);

    agent.logs.append("WARN", "a warning");
    const lines = await client.monitor("warn");
    expect(await lines.next()).toEqual({ done: false, value: "a warning" });
    await lines.stop();
    expect(await lines.next()).toEqual({ done: true, value: undefined });
  });

  test("tells a subscriber how many events it lost because it did not take them in time", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const events = await client.stream();
    for (let i = 0; i < 1_500; i++) {
      agent.raise(userEvent(`e${i}`));
      if (i % 300 === 0) await client.stats();
    }
    await client.stats();
    expect(events.missedCount).toBe(1_500 - 1_024);
    expect(await events.next()).toEqual({ done: false, value: { kind: "missed", count: 1_500 - 1_024 } });
    expect(await events.next()).toMatchObject({ value: { name: `e${1_500 - 1_024}` } });
  });

  test("tells subscribers and callers when the agent goes", async () => {
    const { server, connect } = await serve();
    const client = await connect();
    const events = await client.stream();
    const told = expect(events.next()).rejects.toMatchObject({ code: "CONNECTION_CLOSED", message: "client closed" });
    await server.close();
    await told;
    await expect(client.members()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  test("ends subscriptions in peace and rejects calls when the client is closed", async () => {
    const { connect } = await serve();
    const client = await connect();
    const next = (await client.stream()).next();
    const told = expect(client.members()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    client.close();
    expect(await next).toEqual({ done: true, value: undefined });
    await told;
  });

  test("says clearly why it cannot connect", async () => {
    const { server, connect } = await serve({ authKey: "secret" });
    await expect(connect("guess")).rejects.toThrow("Invalid authentication token");
    await expect((await connect()).members()).rejects.toThrow("Authentication required");
    expect(await (await connect("secret")).members()).toHaveLength(2);
    await server.close();
    await expect(connect("secret")).rejects.toMatchObject({
      code: "CONNECTION_FAILED",
      message: `dial tcp ${server.address}: connect: connection refused`,
    });
    await expect(connectSerf({ address: "nowhere" })).rejects.toThrow(
      "dial tcp: address nowhere: missing port in address",
    );
  });

  test("will not wait for ever for an agent that accepts and stays silent (detail 21)", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    closers.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    await expect(connectSerf({ address: `127.0.0.1:${port}`, timeoutMs: 50 })).rejects.toMatchObject({
      code: "TIMEOUT",
    });
  });

  test("listens on all addresses where no host is given, and names clients as they are known", async () => {
    const { server, lines } = await serve({ listen: ":0" });
    await stranger(`127.0.0.1:${server.address.split(":").at(-1)}`);
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\[INFO\] agent\.ipc: Accepted client: 127\.0\.0\.1:\d+$/);
  });

  test("says which address is in use", async () => {
    const { server } = await serve();
    const again = createRpcServer({
      listen: server.address,
      authKey: "",
      agent: new AgentStandIn(),
      logger: silentLogger,
      metrics: silentMetrics,
    });
    await expect(again).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `listen tcp ${server.address}: bind: address already in use`,
    });
  });
});

describe("RPC to strangers", () => {
  test("closes a connection that does not authenticate in time (accident 25)", async () => {
    const { server, lines } = await serve({ limits: { authTimeoutMs: 50 } });
    await closed(await stranger(server.address));
    expect(lines.at(-1)).toMatch(
      /^\[WARN\] agent\.ipc: Closing ipc\.client: .*: no handshake or authentication in time$/,
    );
  });

  test("tells one client too many that there is no room, and takes the next when one has gone", async () => {
    const { lines, connect } = await serve({ limits: { clientsMax: 2 } });
    const [first, second] = [await connect(), await connect()];
    for (const attempt of [1, 2])
      await expect(connect(), `attempt ${attempt}`).rejects.toMatchObject({
        code: "AGENT_ERROR",
        message: "this agent takes no more clients now",
      });
    await expect(first.members()).resolves.toBeDefined();
    expect(lines.filter((line) => line.includes("Refusing clients: 2 are connected"))).toHaveLength(1);
    second.close();
    await vi.waitFor(async () => expect(await (await connect()).members()).toBeDefined());
  });

  test("while load is shed new clients are turned away, and with memory short those that hold much are closed", async () => {
    const { server, lines, connect } = await serve();
    const quiet = await connect();
    const hoarder = await stranger(server.address);
    const gone = closed(hoarder);
    hoarder.write(encodeFrame({ Command: "handshake", Seq: 0 }));
    hoarder.write(encodeFrame({ Version: 1 }));
    // Most of a request of 200,000 bytes.
    hoarder.write(encodeFrame({ Command: "event", Seq: 1, Payload: "x".repeat(200_000) }).subarray(0, 150_000));
    server.shedLoad(true, false);
    await expect(connect()).rejects.toMatchObject({ code: "AGENT_ERROR" });
    await vi.waitFor(() => {
      server.shedLoad(true, true);
      expect(lines.some((line) => line.includes("memory is short"))).toBe(true);
    });
    await gone;
    await expect(quiet.members()).resolves.toBeDefined();
    server.shedLoad(false);
    await expect((await connect()).members()).resolves.toBeDefined();
  });

  test("refuses more than so many of them, says so once, and keeps serving those it knows (accident 25)", async () => {
    const { server, lines, connect } = await serve({ limits: { unauthenticatedMax: 3 } });
    const known = await connect();
    const strangers = await Promise.all([1, 2, 3].map(() => stranger(server.address)));
    await closed(await stranger(server.address));
    await closed(await stranger(server.address));
    expect(lines.filter((line) => line.includes("Refusing clients"))).toHaveLength(1);
    expect(await known.members()).toHaveLength(2);
    for (const socket of strangers) socket.destroy();
    await expect
      .poll(() =>
        connect().then(
          () => "served",
          () => "refused",
        ),
      )
      .toBe("served");
  });

  test("holds little for a client that asks and never reads", async () => {
    const { agent, server, connect } = await serve();
    agent.membersNow = Array.from({ length: 2_000 }, (_, i) => member(`node-${i}`, "alive", { role: "web" }));
    await (await connect()).stats();
    const socket = await stranger(server.address);
    const { encodeFrame } = await import("../../src/rpc/framing.ts");
    const requests = Array.from({ length: 500 }, (_, i) => encodeFrame({ Command: "members", Seq: i }));
    const before = process.memoryUsage().arrayBuffers;
    socket.pause();
    socket.write(
      Buffer.concat([encodeFrame({ Command: "handshake", Seq: 0 }), encodeFrame({ Version: 1 }), ...requests]),
    );
    await expect.poll(() => agent.membersAsked).toBeGreaterThan(0);
    await (await connect()).stats();
    // Unread, the answers to all requests would be some 150 MB.
    expect(agent.membersAsked).toBeLessThan(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });
});

describe("a query by RPC", () => {
  function queryEvent(name: string, timeoutMs = 10_000) {
    const answers: string[] = [];
    const respond = (payload: Uint8Array): void => {
      if (answers.length > 0) throw new Error("response already sent");
      answers.push(Buffer.from(payload).toString());
    };
    const payload = Buffer.from("?");
    return { kind: "query", lamportTime: 5, name, payload, sourceNode: "a", timeoutMs, respond, answers } as const;
  }

  test("streams acks and answers as they come, and ends with the query", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const answers = await client.query("load", "now", {
      filterNodes: ["one"],
      filterTags: { role: "web" },
      requestAck: true,
      relayFactor: 2,
      timeoutMs: 1500,
    });
    const params = { filterNodes: ["one"], filterTags: { role: "web" }, relayFactor: 2, requestAck: true };
    expect(agent.calls).toEqual([["query", "load", [...Buffer.from("now")], { ...params, timeoutMs: 1500 }]]);
    agent.asked.acked?.("one");
    // As a Go agent does at the end.
    agent.asked.acked?.("");
    agent.asked.responded?.("", new Uint8Array(0));
    agent.asked.responded?.("one", Buffer.from("0.5"));
    agent.asked.ended?.("complete");
    const lines: string[] = [];
    for await (const answer of answers)
      lines.push(answer.kind === "ack" ? `ack ${answer.from}` : `${answer.from}: ${Buffer.from(answer.payload)}`);
    expect(lines).toEqual(["ack one", "one: 0.5"]);
  });

  test("brings a burst of many answers whole", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const answers = await client.query("load");
    for (let index = 0; index < 20_000; index++) agent.asked.acked?.(`node-${index}`);
    agent.asked.ended?.("timeout");
    let count = 0;
    for await (const _ of answers) count += 1;
    expect(count).toBe(20_000);
    expect(answers.missedCount).toBe(0);
  });

  test("is stopped when the client leaves the loop, and when it is gone", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const answers = await client.query("left");
    agent.asked.acked?.("one");
    for await (const answer of answers) {
      expect(answer).toEqual({ kind: "ack", from: "one" });
      break;
    }
    await client.query("gone");
    client.close();
    await expect.poll(() => agent.calls).toContainEqual(["stop", "gone"]);
    expect(agent.calls).toContainEqual(["stop", "left"]);
  });

  test("that cannot be sent is refused with the reason", async () => {
    const { connect } = await serve();
    const client = await connect();
    await expect(client.query("too-large")).rejects.toThrow("query exceeds limit of 1024 bytes");
    await expect(client.members()).resolves.toHaveLength(2);
  });

  test("comes as an event, and is answered by its number, once, and only while it is open", async () => {
    const { agent, connect } = await serve();
    const client = await connect();
    const events = await client.stream("query");
    await expect.poll(() => agent.listeners.size).toBe(1);
    const asked = queryEvent("load");
    agent.raise(asked);
    const { value: event } = await events.next();
    expect(event).toMatchObject({ kind: "query", id: 1, name: "load", lamportTime: 5 });
    await client.respond(1, "0.5");
    expect(asked.answers).toEqual(["0.5"]);
    await expect(client.respond(1, "0.6")).rejects.toThrow("failed to respond to key query: response already sent");
    await expect(client.respond(2, "?")).rejects.toThrow("No pending queries matching ID");
    agent.raise(queryEvent("brief", 0));
    await events.next();
    await expect
      .poll(() => client.respond(2, "late").catch((error: Error) => error.message))
      .toBe("No pending queries matching ID");
  });
});
