/** Runs the example and holds it to what its README says. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, type Settings, startService } from "./cluster.ts";

const folder = mkdtempSync(join(tmpdir(), "serf-ts-embed-"));
const children: ChildProcess[] = [];
const [a, b, c] = [await settingsOf("a"), await settingsOf("b"), await settingsOf("c")];
const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);

try {
  await start(a);
  const second = await start({ ...b, JOIN: a.BIND });
  const third = await start({ ...c, JOIN: a.BIND });
  for (const one of [a, b, c]) await seen(one, "a alive, b alive, c alive");

  for (const key of keys) assert.equal((await ask(a, `/cache/${key}`, { method: "PUT", body: key })).status, 200);
  for (const key of keys) {
    const [fromB, fromC] = [await textOf(b, `/cache/${key}`), await textOf(c, `/cache/${key}`)];
    assert.equal(fromB, fromC);
    assert.match(fromB, new RegExp(`^${key} \\(from [abc]\\)\n$`));
  }
  const counts = await countsAt(c);
  assert.deepEqual(Object.keys(counts).sort(), ["a", "b", "c"]);
  assert.equal(total(counts), keys.length);
  assert.ok(Math.min(...Object.values(counts)) > 0, "every copy has a share of the keys");

  assert.equal((await ask(b, "/flush", { method: "POST" })).status, 202);
  await eventually("the flush to reach all", async () => total(await countsAt(a)) === 0);

  second.kill("SIGKILL");
  for (const one of [a, c]) await seen(one, "a alive, b failed, c alive");

  third.kill("SIGTERM");
  assert.deepEqual(await once(third, "exit"), [0, null]);
  await seen(a, "a alive, b failed, c left");
  for (const key of keys) assert.equal(await textOf(a, `/cache/${key}`, { method: "PUT", body: "x" }), "x (from a)\n");

  // Nobody is named to join: the snapshot knows who was there.
  await start(b);
  await seen(b, "a alive, b alive");
  await seen(a, "a alive, b alive, c left");
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

async function start(settings: Settings): Promise<ChildProcess> {
  const child = await startService(settings);
  children.push(child);
  return child;
}

async function settingsOf(NAME: string): Promise<Settings> {
  const SNAPSHOT = join(folder, `${NAME}.snapshot`);
  return { NAME, HTTP: await freeAddress(), BIND: await freeAddress(), SNAPSHOT, PROFILE: "local" };
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  return `127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
}

function ask({ HTTP }: Settings, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://${HTTP}${path}`, init);
}

async function textOf(settings: Settings, path: string, init: RequestInit = {}): Promise<string> {
  return (await ask(settings, path, init)).text();
}

async function countsAt(settings: Settings): Promise<Record<string, number>> {
  return (await ask(settings, "/count")).json() as Promise<Record<string, number>>;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function seen(settings: Settings, wanted: string): Promise<void> {
  await eventually(`${settings.NAME} to see ${wanted}`, async () => {
    const members = (await (await ask(settings, "/members")).json()) as { name: string; status: string }[];
    const view = members
      .map(({ name, status }) => `${name} ${status}`)
      .sort()
      .join(", ");
    if (view !== wanted) throw new Error(`it sees ${view}`);
    return true;
  });
}
