/** Starts, stops and kills nodes under load, and holds the example to what its README says. Logs and pages of every step stay in `artefacts`. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, skipUnless } from "../shared/hosts.ts";
import { Cluster, type LoadReport, lbAddress, type Pool, pools } from "./cluster.ts";

const requestsMin = 20_000;
const gracefulSteps = 8;
const kills = 3;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1_000_000));

await skipUnless("haproxy", "curl", "s6-svscan", "s6-svc");
const artefacts = fileURLToPath(new URL("artefacts/", import.meta.url));
rmSync(artefacts, { recursive: true, force: true });
mkdirSync(artefacts, { recursive: true });
const cluster = await Cluster.create(artefacts);
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void cluster.close().finally(() => process.exit(1)));

const live = new Set<string>();
const random = createRandom(seed);
let lastWeb = 3;
let step = 0;

try {
  say(`SEED=${seed} repeats the same steps`);
  // The web nodes come before the load balancer that they are to join.
  for (const name of ["web1", "web2", "api1"]) await start(name);
  await cluster.start("lb");
  await cluster.installPlugins();
  await start("web3");
  await shown("start");
  say(`started in any order: the pages of statistics show ${[...live].join(", ")}`);

  for (let count = 0; count < 6; count++) {
    assert.match(await cluster.curl(`http://${lbAddress}:${pools.web.port}/`), /^web\d+\n$/);
    assert.equal(await cluster.curl(`http://${lbAddress}:${pools.api.port}/`), "api1\n");
  }
  assert.match(await cluster.curl("-I", `http://${lbAddress}:${pools.web.port}/`), /x-served-by: web\d/i);
  say("two pools side by side: each answers from its own nodes");

  const load = await cluster.load("web");
  await cluster.killProgram("web2", "serf");
  await eventually("the killed agent's restart", () => agentStarts("web2") === 2);
  await shown("agent-killed");
  say("an agent that is killed is started again by s6, and its node stays in the pool");

  for (let count = 0; count < gracefulSteps || load().requests < requestsMin; count++) await joinOrLeave();
  await settle(load);
  const graceful = load();
  assert.deepEqual(graceful.reasons, {});
  assert.ok(graceful.requests >= requestsMin);
  assert.doesNotMatch(await cluster.serf("plugin", "logs", "web"), /reloading HAProxy/);
  say(`${graceful.requests} requests while nodes joined and left, without a reload: ${graceful.failures} failed`);

  for (let count = 0; count < kills; count++) await killOne();
  await settle(load);
  const all = load();
  const [requests, failures] = [all.requests - graceful.requests, all.failures - graceful.failures];
  say(`${requests} requests while ${kills} nodes were killed: ${failures} failed (${share(failures, requests)})`);
  assert.ok(failures <= requests / 100, `no more than 1 %: ${JSON.stringify(all.reasons)}`);
  writeFileSync(join(artefacts, "requests.json"), `${JSON.stringify({ seed, graceful, all }, undefined, 2)}\n`);
  writeFileSync(join(artefacts, "plugins.json"), await cluster.serf("plugin", "list", "-format=json"));
  writeFileSync(join(artefacts, "plugin-web.log"), await cluster.serf("plugin", "logs", "web"));
} finally {
  await cluster.close();
}

async function start(name: string): Promise<void> {
  await cluster.start(name);
  live.add(name);
}

async function joinOrLeave(): Promise<void> {
  const webs = [...live].filter((name) => name.startsWith("web"));
  const joins = webs.length <= 2 || (webs.length < 5 && random() < 0.5);
  if (joins) {
    lastWeb += 1;
    await start(`web${lastWeb}`);
    await shown(`web${lastWeb}-joins`);
    return;
  }
  const name = pick(webs);
  live.delete(name);
  await cluster.hosts.stop(name);
  await shown(`${name}-leaves`);
}

async function killOne(): Promise<void> {
  const name = pick([...live].filter((one) => one.startsWith("web")));
  live.delete(name);
  await cluster.hosts.host(name).kill();
  await shown(`${name}-killed`);
  lastWeb += 1;
  await start(`web${lastWeb}`);
  await shown(`web${lastWeb}-joins`);
}

/** Waits until both pages of statistics show exactly the live nodes, and keeps them. */
async function shown(what: string): Promise<void> {
  step += 1;
  for (const pool of Object.keys(pools) as Pool[]) {
    const expected = [...live].filter((name) => name.startsWith(pool)).map((name) => `${name} UP`);
    await eventually(`the page of ${pool} to show exactly ${expected.join(", ")}`, async () =>
      assert.deepEqual(await cluster.servers(pool), expected.sort()),
    );
    const file = `${String(step).padStart(2, "0")}-${what}-${pool}.csv`;
    writeFileSync(join(artefacts, file), await cluster.statistics(pool));
  }
}

/** What was asked before has been answered. */
async function settle(load: () => LoadReport): Promise<void> {
  const { requests } = load();
  await eventually("some more requests", () => load().requests > requests + 50);
}

/** How many times its agent has joined the others. */
function agentStarts(name: string): number {
  return readFileSync(join(artefacts, `${name}-serf.log`), "utf8").split("Join completed").length - 1;
}

function pick(names: readonly string[]): string {
  return names[Math.floor(random() * names.length)] ?? "";
}

/** Mulberry32: the same steps for the same seed. */
function createRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(2)} %`;
}

function say(text: string): void {
  console.log(text);
}
