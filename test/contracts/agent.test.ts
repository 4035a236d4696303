/** Whole agents in this process, over loopback: what `serf-ts/agent` gives a program. */

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { Agent } from "../../src/agent/agent.ts";
import { completeConfig, loadConfig } from "../../src/agent/config.ts";
import { joinErrorText } from "../../src/agent/face.ts";
import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import { agentOptions } from "../../src/agent/options.ts";
import { resolveOptions } from "../../src/base/options.ts";
import { connectSerf } from "../../src/client/index.ts";
import type { SerfEvent } from "../../src/serf/events.ts";

const running: Agent[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.shutdown()));
});

const onLoopback = { bind: "127.0.0.1:0", rpcAddress: "127.0.0.1:0", profile: "local" } as const;

async function start(nodeName: string, options: Partial<AgentOptions> = {}): Promise<Agent> {
  const agent = await createAgent({ nodeName, ...onLoopback, ...options });
  running.push(agent);
  return agent;
}

function bindAddress(agent: Agent): string {
  return `${agent.bound.address}:${agent.bound.port}`;
}

function nextEvent(agent: Agent, accept: (event: SerfEvent) => boolean): Promise<SerfEvent> {
  return new Promise((resolve) => {
    const stop = agent.onEvent((event) => {
      if (!accept(event)) return;
      stop();
      resolve(event);
    });
  });
}

function logged(agent: Agent, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    const stop = agent.logs.subscribe((line) => {
      if (!pattern.test(line)) return;
      setImmediate(() => stop());
      resolve(line);
    });
  });
}

describe("an agent", () => {
  test("joins another, and a user event runs the other's script", async () => {
    const one = await start("one", { eventHandlers: ['user:deploy=echo "$SERF_SELF_NAME got: $(cat)"'] });
    const two = await start("two", { tags: { role: "web" } });
    expect(await two.join([bindAddress(one)], false)).toEqual({ joined: 1, failures: [] });
    await two.userEvent("deploy", Buffer.from("v1"), false);
    expect(await logged(one, /script output/)).toMatch(/\[DEBUG\] agent: Event 'user' script output: one got: v1$/);
    expect(one.serf.members().map(({ name, tags }) => [name, tags])).toEqual([
      ["one", {}],
      ["two", { role: "web" }],
    ]);
  });

  test("joins at its own port where an address names none (detail 17)", async () => {
    const agent = await start("one");
    expect(await agent.join(["127.0.0.1"], false)).toEqual({ joined: 1, failures: [] });
    expect(agent.logs.lines().join("\n")).toContain(`Initiating push/pull sync with:  ${bindAddress(agent)}`);
  });

  test("gives clients the time to authenticate that its options say", async () => {
    const agent = await start("one", { rpcAuthKey: "secret", rpcAuthTimeoutMs: 100 });
    const { port } = new URL(`tcp://${agent.rpcAddress}`);
    const client = connect(Number(port), "127.0.0.1");
    await once(client.resume(), "close");
    expect(agent.logs.lines().at(-1)).toMatch(/Closing ipc\.client: .*: no handshake or authentication in time$/);
  });

  test("tells what it is and does, under the reference's sections", async () => {
    const agent = await start("one", { tags: { a: "b" }, eventHandlers: ["user:x,member-join=run.sh"] });
    expect(agent.stats()).toMatchObject({
      agent: { name: "one" },
      runtime: { os: expect.any(String), cpu_count: expect.stringMatching(/^\d+$/) },
      serf: { members: "1", encrypted: "false" },
      tags: { a: "b" },
      event_handlers: { "user:x": "run.sh", "member-join:": "run.sh" },
    });
  });

  test("says in its log what it is asked for", async () => {
    const agent = await start("one");
    await agent.join(["127.0.0.1:1", "x/"], true);
    await agent.userEvent("a\nb", Buffer.from([0xff]), true);
    await expect(agent.userEvent("big", new Uint8Array(513), false)).rejects.toThrow("limit");
    const lines = agent.logs.lines().map((line) => line.slice(20));
    expect(lines).toContain("[INFO] agent: joining: [127.0.0.1:1 x/] replay: true");
    expect(lines).toContainEqual(
      expect.stringMatching(/^\[WARN\] agent: error joining: 2 errors occurred:\n\t\* Failed to join/),
    );
    expect(lines).toContain('[DEBUG] agent: Requesting user event send: a\\nb. Coalesced: true. Payload: "\\xff"');
    expect(lines).toContainEqual(expect.stringMatching(/^\[WARN\] agent: failed to send user event: .*limit/));
  });

  test("keeps its log free of lines that others put into names", async () => {
    const one = await start("one");
    const forged = "\n2013/12/02 23:07:22 [INFO] agent: forged";
    const two = await start(`two${forged}`);
    await two.join([bindAddress(one)], false);
    const event = nextEvent(one, ({ kind }) => kind === "user");
    await two.userEvent(`deploy${forged}`, new Uint8Array(0), false);
    await event;
    const lines = one.logs.lines().filter((line) => line.includes("forged"));
    expect(lines.map((line) => line.slice(20)).sort()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\[INFO\] agent: Received event: user-event: deploy\\n2013/),
        expect.stringMatching(/^\[INFO\] serf: EventMemberJoin: two\\n2013/),
      ]),
    );
    expect(lines.filter((line) => line.includes("\n"))).toEqual([]);
    expect(joinErrorText({ joined: 0, failures: [{ address: "a", reason: `remote error: no${forged}` }] })).toBe(
      "1 error occurred:\n\t* remote error: no\\n2013/12/02 23:07:22 [INFO] agent: forged\n\n",
    );
  });

  test("that checks names takes none that does not fit, of its own or of others", async () => {
    await expect(start("under_score", { validateNodeNames: true })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("Node name contains invalid characters under_score"),
    });
    const strict = await start("strict", { validateNodeNames: true });
    const loose = await start("lo_ose");
    const refused = logged(strict, /Node name contains invalid characters lo_ose/);
    await loose.join([bindAddress(strict)], false);
    await refused;
    expect(strict.serf.members().map(({ name }) => name)).toEqual(["strict"]);
  });

  test("asked to leave by RPC answers first, then ends", async () => {
    const agent = await start("one");
    const client = await connectSerf({ address: agent.rpcAddress });
    await client.leave();
    await agent.ended;
    client.close();
    expect(agent.serf.state).toBe("shutdown");
    expect(agent.logs.lines().some((line) => line.includes("Shutdown without a Leave"))).toBe(false);
    // Shutting down again changes nothing.
    await agent.shutdown();
  });

  test("sets and removes tags, those removed first, and refuses what is too large", async () => {
    const agent = await start("one", { tags: { a: "1", b: "2" } });
    await agent.updateTags({ b: "3", c: "4" }, ["a", "b"]);
    expect(agent.serf.localMember.tags).toEqual({ b: "3", c: "4" });
    await expect(agent.updateTags({ d: "x".repeat(600) }, [])).rejects.toMatchObject({ code: "TAGS_TOO_LARGE" });
    await agent.updateTags({ e: "5" }, []);
    expect(agent.serf.localMember.tags).toEqual({ b: "3", c: "4", e: "5" });
  });

  test("reloads handlers and signals, and of the tags only what changed in the configuration (detail 14)", async () => {
    const given = { nodeName: "one", ...onLoopback, tags: { kept: "1", changed: "1", gone: "1" } };
    const agent = await start("one", given);
    await agent.updateTags({ kept: "at run time", own: "at run time" }, []);
    const { config } = completeConfig(
      resolveOptions(agentOptions, {
        ...given,
        tags: { kept: "1", changed: "2", added: "2" },
        eventHandlers: ["*=true"],
        leaveOnTerminate: true,
        skipLeaveOnInterrupt: true,
      }),
      "host",
    );
    await agent.reload(config);
    expect(agent.serf.localMember.tags).toEqual({ kept: "at run time", own: "at run time", changed: "2", added: "2" });
    expect([agent.leavesOn("SIGINT"), agent.leavesOn("SIGTERM")]).toEqual([false, true]);
    expect(agent.stats()).toMatchObject({ event_handlers: { "*:": "true" } });
  });

  test("tells the scripts and listeners what was held back when it shuts down", async () => {
    const agent = await start("one", { eventHandlers: ["member-join=echo joined $SERF_SELF_NAME"] });
    const joined = nextEvent(agent, ({ kind }) => kind === "member-join");
    await agent.shutdown();
    expect(await joined).toMatchObject({ members: [{ name: "one" }] });
    expect(await logged(agent, /joined one/)).toBeTruthy();
  });
});

describe("an agent that cannot start leaves nothing behind", () => {
  test("where its port is taken", async () => {
    const one = await start("one");
    await expect(start("two", { bind: bindAddress(one) })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringMatching(/^Failed to start the Serf agent: /),
    });
  });

  test("where the port of its RPC server is taken: then the other port is free again", async () => {
    const one = await start("one");
    const bind = await freeAddress();
    await expect(start("two", { bind, rpcAddress: one.rpcAddress })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `Error starting RPC listener: listen tcp ${one.rpcAddress}: bind: address already in use`,
    });
    expect(bindAddress(await start("two", { bind }))).toBe(bind);
  });

  test.each<[what: string, options: Partial<AgentOptions>, message: RegExp]>([
    ["a bad bind address", { bind: "127.0.0.1:99999" }, /^Invalid bind address: "99999" is not a port/],
    [
      "a bind address with a node name",
      { bind: "one/127.0.0.1" },
      /^Invalid bind address: .* must not hold a node name$/,
    ],
    [
      "a name that nobody knows",
      { advertise: "nowhere.invalid" },
      /^Invalid advertise address: lookup nowhere.invalid: no such host$/,
    ],
    [
      "tags that are too large",
      { tags: { x: "y".repeat(600) } },
      /^Failed to start the Serf agent: Error creating Serf: Encoded length of tags exceeds/,
    ],
    [
      "an RPC address without port",
      { rpcAddress: "localhost" },
      /^Error starting RPC listener: .*missing port in address$/,
    ],
    ["an unknown event", { eventHandlers: ["no=x"] }, /^Invalid event script: Event 'no' invoking 'x'$/],
  ])("with %s", async (_, options, message) => {
    await expect(start("one", options)).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });
});

/** Of a port that was free a moment ago. */
function freeAddress(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
}

describe("an agent with a tags file", () => {
  async function startWithFile(): Promise<{ agent: Agent; tagsFile: string }> {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-tags-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const tagsFile = join(folder, "tags.json");
    return { agent: await start("one", { tagsFile }), tagsFile };
  }

  test("keeps what is set, and nothing that no node could have", async () => {
    const { agent, tagsFile } = await startWithFile();
    await agent.updateTags({ a: "1" }, []);
    await expect(agent.updateTags({ b: "x".repeat(600) }, [])).rejects.toMatchObject({ code: "TAGS_TOO_LARGE" });
    expect(JSON.parse(readFileSync(tagsFile, "utf8"))).toEqual({ a: "1" });
  });

  test("refuses a reload with tags, and keeps its own", async () => {
    const { agent, tagsFile } = await startWithFile();
    await agent.updateTags({ a: "1" }, []);
    const { config } = loadConfig({ nodeName: "one", ...onLoopback, tags: { b: "2" } }, "host");
    await expect(agent.reload(config)).rejects.toThrow("Tags config not allowed while using tag files");
    const { config: without } = loadConfig({ nodeName: "one", ...onLoopback, tagsFile }, "host");
    await agent.reload(without);
    expect(agent.serf.localMember.tags).toEqual({ a: "1" });
    expect(JSON.parse(readFileSync(tagsFile, "utf8"))).toEqual({ a: "1" });
  });
});
