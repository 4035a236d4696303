/** Forms a cluster of a hundred agents (`./check 1000`: of so many), plays with it, and holds it to what the README says. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

interface Told {
  readonly event: string;
  readonly [field: string]: unknown;
}

const nodes = Number(process.argv[2] ?? 100);
const limitMs = nodes > 200 ? 600_000 : 150_000;
const serf = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
const flags = ["-bind=127.0.0.1:0", "-rpc-addr=127.0.0.1:0", "-format=json", "-event=deploy=v1", "-kill=5%"];
const dev = spawn(process.execPath, [serf, "dev", `-nodes=${nodes}`, ...flags], {
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(dev, "exit");
const late = setTimeout(() => dev.kill("SIGKILL"), limitMs);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => dev.kill("SIGINT"));

const told = new Map<string, Told>();
try {
  for await (const line of createInterface(dev.stdout)) {
    const news = JSON.parse(line) as Told;
    told.set(news.event, news);
    if (news.event !== "progress" && news.event !== "killed") console.log(line);
    if (news.event === "failed") {
      checkMembers();
      dev.kill("SIGINT");
    }
  }
  assert.deepEqual(await ended, [0, null]);
  for (const event of ["started", "joined", "event", "killed", "failed", "stopping"]) assert.ok(told.has(event), event);
  assert.equal(told.get("event")?.["missing"], 0);
  assert.ok(Number(told.get("joined")?.["memoryMiB"]) < 4096, "within 4 GiB");
} finally {
  clearTimeout(late);
  dev.kill("SIGKILL");
}

/** Each node that listens for RPC and still runs is asked by the command that everybody uses. */
function checkMembers(): void {
  const killed = told.get("killed")?.["names"] as readonly string[];
  const rpc = told.get("started")?.["rpc"] as readonly string[];
  let asked = 0;
  for (const [index, address] of rpc.entries()) {
    if (killed.some((name) => Number(name.slice("node-".length)) === index + 1)) continue;
    const { status, stdout } = spawnSync(process.execPath, [serf, "members", `-rpc-addr=${address}`, "-format=json"], {
      encoding: "utf8",
      maxBuffer: 64 * 2 ** 20,
    });
    assert.equal(status, 0, stdout);
    const { members } = JSON.parse(stdout) as { members: readonly { name: string; status: string }[] };
    assert.equal(members.length, nodes);
    const failed = members.filter((member) => member.status === "failed").map(({ name }) => name);
    assert.deepEqual(failed.sort(), killed.toSorted());
    asked += 1;
  }
  assert.ok(asked > 0, "a node with RPC survived");
}
