/** An agent at the limit of its open files, or of its memory: it says so, turns away whom it can do without, and stays a member. */

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { connectSerf, type SerfClient } from "../../src/client/client.ts";
import { encodeFrame } from "../../src/rpc/framing.ts";
import { type Agent, waitForView } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { createMemoryGroup, whyNoMemoryGroups } from "../support/memory-group.ts";
import { RunningProcess } from "../support/processes.ts";
import { useSandbox } from "../support/sandbox.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

const counterPlugin = fileURLToPath(new URL("../fixtures/plugins/counter", import.meta.url));
const outOfFiles = fileURLToPath(new URL("../fixtures/programs/out-of-files.ts", import.meta.url));
const onLinux = process.platform === "linux";
const bothAlive = { seed: "alive", limited: "alive" };

function onLoopback(exec: readonly string[]) {
  return { exec, address: loopback };
}

/** Opens a connection to a port and holds it. */
function hold(port: number, first?: Uint8Array): Socket {
  const socket = connect(port, loopback);
  socket.on("error", () => undefined);
  if (first !== undefined) socket.write(first);
  return socket;
}

/** For so long the other one sees it alive. */
async function staysMember(seed: Agent, ms: number): Promise<void> {
  for (const endsAtMs = performance.now() + ms; performance.now() < endsAtMs; await sleep(250))
    expect(await seed.statusOf("limited")).toBe("alive");
}

describe.skipIf(!onLinux).concurrent("an agent that may open 64 files", () => {
  const sandbox = useSandbox();

  test("turns away clients and streams beyond its share, with a word, and takes them again later", async () => {
    const place = { bindPort: await sandbox.port(), rpcPort: await sandbox.port() };
    const host = onLoopback(["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]);
    const seed = await sandbox.startAgent({ kind: "ours", name: "seed" });
    const limited = await sandbox.startAgent({ kind: "ours", name: "limited", join: [seed], host, place });
    const clients: SerfClient[] = [];
    const refusals: unknown[] = [];
    const streams = Array.from({ length: 100 }, () => hold(place.bindPort));
    for (let attempt = 0; attempt < 60; attempt++) {
      const client = await connectSerf({ address: limited.rpcAddress, timeoutMs: 5_000 }).catch((error) => {
        refusals.push(error.message);
      });
      if (client !== undefined) clients.push(client);
    }
    expect(clients.length).toBeGreaterThanOrEqual(8);
    expect(clients.length).toBeLessThan(30);
    expect(new Set(refusals)).toEqual(new Set(["this agent takes no more clients now"]));
    expect(limited.log).toContain("[WARN] agent.ipc: Refusing clients: ");
    await staysMember(seed, 3_000);
    await expect(clients[0]?.members()).resolves.toHaveLength(2);
    for (const client of clients) client.close();
    for (const stream of streams) stream.destroy();
    await waitForView([seed, limited], bothAlive);
  });
});

describe.skipIf(!onLinux).concurrent("an agent that can open no file any more", () => {
  const sandbox = useSandbox();

  test("says so, runs no handler, stays a member, and is as before when it can again", {
    timeout: 180_000,
  }, async () => {
    const folder = await sandbox.folder();
    const told = join(folder, "told");
    const seed = await sandbox.startAgent({ kind: "ours", name: "seed" });
    const limited = await sandbox.startAgent({
      kind: "ours",
      name: "limited",
      join: [seed],
      args: [`-event-handler=user=echo $SERF_USER_EVENT >> ${told}`, `-plugin-dir=${folder}`],
    });
    await waitForView([seed, limited], bothAlive);
    expect((await limited.command(["plugin", "install", counterPlugin], "ours")).code).toBe(0);
    const { pid } = limited.process;
    const setLimit = (count: number) => execFileSync("prlimit", ["--pid", String(pid), `--nofile=${count}:1024`]);
    setLimit(readdirSync(`/proc/${pid}/fd`).length - 1);
    const held = Array.from({ length: 20 }, () => hold(limited.place.rpcPort));
    held.push(...Array.from({ length: 20 }, () => hold(limited.place.bindPort)));
    await seed.command(["event", "-coalesce=false", "unheard"]);
    await waitFor(() => /\[ERR\] agent: .*EMFILE/.test(limited.log), {
      what: "the handler to fail",
      witnesses: [limited],
    });
    await staysMember(seed, 8_000);
    await waitFor(() => /\[WARN\] agent: \d+ of \d+ open files are in use: /.test(limited.log), {
      what: "the agent to say that it may open no more files",
      witnesses: [limited],
    });
    // One line for all the connections that it could not accept.
    expect(limited.log.split("\n").filter((line) => line.includes("accept EMFILE")).length).toBeLessThanOrEqual(2);
    for (const socket of held) socket.destroy();
    setLimit(1_024);
    await waitFor(async () => (await limited.command(["info"])).code === 0, {
      what: "the agent to take clients again",
      deadlineMs: 60_000,
      witnesses: [limited],
    });
    expect((await limited.command(["event", "-coalesce=false", "heard"])).code).toBe(0);
    await waitFor(async () => (await readFile(told, "utf8")).includes("heard\n"), {
      what: "the handler",
      witnesses: [limited],
    });
    await waitForView([seed, limited], bothAlive);
    expect(seed.log).not.toContain("EventMemberFailed: limited");
    const client = await connectSerf({ address: limited.rpcAddress });
    const [counter] = (await client.plugin("list", {})).plugins;
    expect(counter).toMatchObject({ instance: "counter", state: "running", restarts: 0 });
    client.close();
  });
});

describe.skipIf(!onLinux).concurrent("the program that takes an agent's log to syslog", () => {
  test("is started as soon as files can be opened", async () => {
    const args = ["-c", 'ulimit -n 64 && exec "$@"', "sh", process.execPath, "--import", "tsx", outOfFiles];
    const running = new RunningProcess("sh", args, { title: "out of files" });
    expect(await running.exited, running.describe()).toBe(0);
    expect(running.output.trim().split("\n")).toEqual([
      "cat ended: spawn cat EMFILE",
      "cat takes no lines, they are dropped",
      expect.stringMatching(/^\d+ lines were dropped$/),
    ]);
  });
});

const memoryMib = 160;
/** Garbage of messages that were given up is collected in its own time. Less than the test sends, by far enough. */
const largerMib = 384;

describe
  .skipIf(!onLinux || whyNoMemoryGroups() !== undefined)
  .concurrent(`an agent with ${memoryMib} MiB of memory, and no more`, () => {
    const sandbox = useSandbox();

    test("lets go of clients that hold much, stays a member, and takes clients again later", {
      timeout: 180_000,
    }, async () => {
      const place = { bindPort: await sandbox.port(), rpcPort: await sandbox.port() };
      const seed = await sandbox.startAgent({ kind: "ours", name: "seed" });
      const group = createMemoryGroup(memoryMib << 20);
      sandbox.onClose(async () => group?.close());
      const host = onLoopback(group?.exec ?? []);
      const limited = await sandbox.startAgent({ kind: "ours", name: "limited", join: [seed], host, place });
      await waitForView([seed, limited], bothAlive);
      // Requests of a mebibyte each, all but their end: the agent has to keep what it has until the rest comes.
      const request = encodeFrame({ Command: "event", Seq: 1, Payload: "x".repeat(1_000_000) });
      const most = Buffer.concat([
        encodeFrame({ Command: "handshake", Seq: 0 }),
        encodeFrame({ Version: 1 }),
        request.subarray(0, 990_000),
      ]);
      const held: Socket[] = [];
      for (let count = 0; count < 300; count += 5) {
        held.push(...Array.from({ length: 5 }, () => hold(place.rpcPort, most)));
        await sleep(100);
        if (limited.process.exit !== undefined) break;
      }
      expect(limited.process.exit, limited.describe()).toBeUndefined();
      expect(limited.log).toMatch(/\[WARN\] agent: \d+ of \d+ MiB of memory are in use: /);
      expect(limited.log).toMatch(/\[WARN\] agent\.ipc: Closing ipc\.client: .*: memory is short/);
      await staysMember(seed, 2_000);
      for (const socket of held) socket.destroy();
      await waitFor(async () => (await limited.command(["info"])).code === 0, {
        what: "the agent to take clients again",
        deadlineMs: 60_000,
        witnesses: [limited],
      });
      await waitForView([seed, limited], bothAlive);
      expect(seed.log).not.toContain("EventMemberFailed: limited");
    });

    test("holds no more of unfinished messages of members than it can", { timeout: 180_000 }, async () => {
      const place = { bindPort: await sandbox.port(), rpcPort: await sandbox.port() };
      const group = createMemoryGroup(largerMib << 20);
      sandbox.onClose(async () => group?.close());
      // Elsewhere than in a local cluster a stream may take longer than a second: on a slow machine all of them are needed at once.
      const profile = "lan";
      const seed = await sandbox.startAgent({ kind: "ours", name: "seed", profile });
      const host = onLoopback(group?.exec ?? []);
      const limited = await sandbox.startAgent({ kind: "ours", name: "limited", profile, join: [seed], host, place });
      await waitForView([seed, limited], bothAlive);
      // A message of Serf's own, of 19 MB: all but its end.
      const header = Buffer.from("0881aa557365724d73674c656ece01220000", "hex");
      const held: Socket[] = [];
      for (let count = 0; count < 20; count++) {
        held.push(hold(place.bindPort, Buffer.concat([header, Buffer.alloc(18_900_000)])));
        await sleep(100);
      }
      await waitFor(() => limited.log.includes("the open streams together hold too many bytes"), {
        what: "the agent to refuse streams",
        witnesses: [limited],
      });
      await staysMember(seed, 2_000);
      expect(limited.process.exit).toBeUndefined();
      for (const socket of held) socket.destroy();
      await waitForView([seed, limited], bothAlive);
      expect(seed.log).not.toContain("EventMemberFailed: limited");
    });
  });
