/** RPC by a socket in the file system: who may open it, and what becomes of its file. */

import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRpcServer, type RpcServer } from "../../src/agent/rpc-server.ts";
import { connectSerf } from "../../src/client/index.ts";
import { silentMetrics } from "../../src/host/loggers.ts";
import { AgentStandIn } from "../support/agent-stand-in.ts";

let folder = "";
const servers: RpcServer[] = [];
const lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-socket-"));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(folder, { recursive: true });
  lines.length = 0;
});

async function serve(path: string, authKey = ""): Promise<RpcServer> {
  const logger = { enabled: () => true, log: (_: string, line: string) => void lines.push(line) };
  const server = await createRpcServer({
    listen: `unix://${path}`,
    authKey,
    agent: new AgentStandIn(),
    logger,
    metrics: silentMetrics,
  });
  servers.push(server);
  return server;
}

/** A socket whose owner was killed: its file is there, and nobody answers. */
function leaveStaleSocket(path: string): void {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe("an RPC server at a socket in the file system", () => {
  test("is reached by its address, by its user alone, and asks for the key as any other", async () => {
    const path = join(folder, "serf.sock");
    const before = process.umask();
    const server = await serve(path, "key");
    expect(process.umask()).toBe(before);
    expect(server.address).toBe(`unix://${path}`);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    const client = await connectSerf({ address: server.address, authKey: "key" });
    expect(await client.stats()).toMatchObject({ agent: { name: "one" } });
    client.close();
    await expect(connectSerf({ address: server.address, authKey: "no" })).rejects.toMatchObject({
      code: "AGENT_ERROR",
    });
    expect(lines).toContain("agent.ipc: Accepted client: @1");
  });

  test("takes its file along when it closes", async () => {
    const path = join(folder, "serf.sock");
    await (await serve(path)).close();
    expect(existsSync(path)).toBe(false);
  });

  test("replaces a file that a killed agent left behind", async () => {
    const path = join(folder, "serf.sock");
    leaveStaleSocket(path);
    const server = await serve(path);
    const client = await connectSerf({ address: server.address });
    client.close();
  });

  test("leaves a socket alone at which somebody answers", async () => {
    const path = join(folder, "serf.sock");
    const first = await serve(path);
    await expect(serve(path)).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `listen unix ${path}: bind: address already in use`,
    });
    const client = await connectSerf({ address: first.address });
    client.close();
  });

  test("leaves a file alone that is no socket", async () => {
    const path = join(folder, "data");
    writeFileSync(path, "precious");
    await expect(serve(path)).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: `listen unix ${path}: the file exists and is no socket`,
    });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test.each([
    [
      "run/serf.sock",
      /^address unix:\/\/run\/serf\.sock: the path must be absolute, as in unix:\/\/\/run\/serf\.sock$/,
    ],
    [`/${"x".repeat(120)}`, /: the path of a socket takes at most 10[37] bytes, this has 121$/],
    ["/nowhere/serf.sock", /^listen unix \/nowhere\/serf\.sock: stat \/nowhere: no such file or directory$/],
  ])("cannot be at %s", async (path, problem) => {
    await expect(serve(path)).rejects.toThrow(problem);
  });
});

describe("a client of a socket in the file system", () => {
  test("says in Go's words what is wrong with it", async () => {
    const [none, stale] = [join(folder, "none"), join(folder, "stale")];
    leaveStaleSocket(stale);
    await expect(connectSerf({ address: `unix://${none}` })).rejects.toMatchObject({
      code: "CONNECTION_FAILED",
      message: `dial unix ${none}: connect: no such file or directory`,
    });
    await expect(connectSerf({ address: `unix://${stale}` })).rejects.toMatchObject({
      message: `dial unix ${stale}: connect: connection refused`,
    });
  });
});
