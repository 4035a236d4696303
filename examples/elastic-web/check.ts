/** Scales up and down, and holds the example to what its README says. */

import assert from "node:assert/strict";
import { eventually, skipUnless } from "../shared/hosts.ts";
import { Containers, highTraffic, lowTraffic, serf } from "./containers.ts";

const first = "Hello frontserver1, I'm appserver1 !\n";
await skipUnless("haproxy", "curl", "dig");
const containers = await Containers.create();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void containers.close().finally(() => process.exit(1)));

try {
  // In any order: those who come before the name server ask until it is there.
  await Promise.all(lowTraffic.toReversed().map((name) => containers.start(name)));
  await eventually("the first answer", async () => assert.equal(await containers.hello(), first));
  await eventually("all to be members", async () => assert.equal((await members()).length, 4));
  say("low traffic: one answer");

  const load = startLoad();
  await Promise.all(highTraffic.map((name) => containers.start(name)));
  const pairs = new Set<string>();
  await eventually("all six pairs", async () => {
    pairs.add(await containers.hello());
    return pairs.size === 6;
  });
  const expected = [1, 2].flatMap((front) =>
    [1, 2, 3].map((app) => `Hello frontserver${front}, I'm appserver${app} !\n`),
  );
  assert.deepEqual([...pairs].sort(), expected);
  say("high traffic: all six pairs");
  assert.deepEqual(await addressesOf("appserver.role.serf"), addressesHere("appserver1", "appserver2", "appserver3"));
  assert.deepEqual(await addressesOf("frontserver.role.serf"), addressesHere("frontserver1", "frontserver2"));
  assert.equal((await dig("-x", containers.host("appserver2").address)).trim(), "appserver2.node.serf.");

  for (const name of highTraffic) await containers.stop(name);
  const after = [];
  for (let count = 0; count < 12; count++) after.push(await containers.hello());
  assert.deepEqual([...new Set(after)], [first]);
  const { requests, failures } = await load();
  say(`low traffic again: one answer; meanwhile ${requests} requests, ${failures.length} of them failed`);
  assert.deepEqual(failures, []);

  const before = containers.host("appserver1").address;
  await containers.stop("appserver1");
  await eventually("nobody to be asked", async () => (await addressesOf("appserver.role.serf")).length === 0);
  await containers.start("appserver1");
  await eventually("the answer of the one that came back", async () => assert.equal(await containers.hello(), first));
  assert.notEqual(containers.host("appserver1").address, before);
  assert.deepEqual(await addressesOf("appserver1.node.serf"), addressesHere("appserver1"));
  say("stopped and started by name: at another address, the same answer");
} catch (error) {
  for (const name of containers.names)
    console.error(`--- ${name}\n${containers.host(name).lines.slice(-40).join("\n")}`);
  throw error;
} finally {
  await containers.close();
}

function say(text: string): void {
  console.log(text);
}

async function members(): Promise<readonly string[]> {
  const printed = await containers.host("dnsserver").run("node", serf, "members", "-status=alive");
  return printed.split("\n").filter((line) => line !== "");
}

function dig(...words: readonly string[]): Promise<string> {
  return containers.client.run("dig", "+short", ...words);
}

async function addressesOf(name: string): Promise<readonly string[]> {
  return (await dig(name))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

function addressesHere(...names: readonly string[]): readonly string[] {
  return names.map((name) => containers.host(name).address).sort();
}

/** One request after another, until it is called off. */
function startLoad(): () => Promise<{ readonly requests: number; readonly failures: readonly string[] }> {
  let isOver = false;
  let requests = 0;
  const failures: string[] = [];
  const done = (async () => {
    while (!isOver) {
      const answer = await containers.hello().catch(String);
      requests += 1;
      if (!answer.startsWith("Hello")) failures.push(answer);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return { requests, failures };
  };
}
