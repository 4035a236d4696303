/** Asks the registry, changes it, and holds the example to what its README says. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, skipUnless } from "../shared/hosts.ts";
import { names, Registry } from "./registry.ts";

await skipUnless("dig");
const registry = await Registry.create();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void registry.close().finally(() => process.exit(1)));

try {
  for (const name of names) await registry.start(name);
  await eventually("all to find each other", async () => {
    for (const name of names) assert.equal((await members(name, "-status=alive")).length, names.length);
  });
  say("five hosts, told no address of another: all find each other by -discover");

  assert.deepEqual(await members("api1", "-tag", "role=mongodb"), ["mongodb1"]);
  const [api, mongodb] = [address("api1"), address("mongodb1")];
  assert.match(
    await registry.serf("api1", "members"),
    new RegExp(`mongodb1 +${mongodb.replaceAll(".", "\\.")}:7946 +alive +port=27017,role=mongodb`),
  );
  say("serf members -tag role=mongodb: mongodb1, at the address it advertises");

  await eventually("DNS", async () => assert.deepEqual(await dig("api.role.serf"), [api]));
  assert.deepEqual(await dig("memcache.role.serf"), [address("memcache1"), address("memcache2")].sort());
  assert.deepEqual(await dig("api.role.serf", "SRV"), ["0 1 8080 api1.node.serf."]);
  const both = `${address("memcache1")},${address("memcache2")}`;
  await eventually("the client's configuration", async () => assert.equal(await appIni(), expectedIni(api, both)));
  say("where is our API server, who is in the memcache pool: DNS and a rendered configuration agree");

  const gone = address("memcache2");
  await registry.stop("memcache2");
  await eventually("the pool without it", async () => {
    assert.deepEqual(await dig("memcache.role.serf"), [address("memcache1")]);
    assert.equal(await appIni(), expectedIni(api, address("memcache1")));
  });
  assert.ok(!(await appIni()).includes(gone));
  assert.match(await registry.serf("api1", "members"), /memcache2 .* left /);
  say("memcache2 stops: it is in neither");

  await registry.serf("api1", "tags", "-set", "maintenance=yes");
  await eventually("a tag set at run time", async () => {
    assert.deepEqual(await members("mongodb1", "-tag", "maintenance=yes"), ["api1"]);
    assert.deepEqual(await dig("yes.maintenance.tag.serf"), [api]);
  });
  say("a tag set at run time is seen by all");

  await registry.serf("mongodb1", "event", "-coalesce=false", "release", '1"}, "rpc_auth": "x');
  await registry.serf("mongodb1", "event", "-coalesce=false", "release", "v42");
  const remaining = names.filter((name) => name !== "memcache2");
  await eventually("the release in the tags of all", async () => {
    assert.deepEqual(await members("client1", "-tag", "release=v42"), remaining.toSorted());
  });
  for (const name of remaining) {
    const written = await readFile(join(registry.folderOf(name), "90-release.json"), "utf8");
    assert.deepEqual(JSON.parse(written), { tags: { release: "v42" } });
  }
  assert.deepEqual(await members("client1", "-tag", "maintenance=yes"), ["api1"], "what was set at run time stays");
  say("serf event release v42: every node rewrote its configuration and read it again; a hostile one wrote nothing");

  verifyUnit();
} catch (error) {
  for (const name of names)
    try {
      console.error(`--- ${name}\n${registry.host(name).lines.slice(-40).join("\n")}`);
    } catch {
      console.error(`--- ${name} has ended`);
    }
  throw error;
} finally {
  await registry.close();
}

function say(text: string): void {
  console.log(text);
}

function address(name: string): string {
  return registry.host(name).address;
}

async function members(at: string, ...filters: readonly string[]): Promise<readonly string[]> {
  const printed = await registry.serf(at, "members", "-format=json", ...filters);
  const { members } = JSON.parse(printed) as { members: readonly { name: string }[] | null };
  return (members ?? []).map(({ name }) => name).sort();
}

async function dig(...question: readonly string[]): Promise<readonly string[]> {
  const printed = await registry.host("client1").run("dig", "+short", "@127.0.0.1", ...question);
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

function appIni(): Promise<string> {
  return readFile(join(registry.folderOf("client1"), "app.ini"), "utf8");
}

function expectedIni(api: string, pool: string): string {
  const head = "; Made by the plugin template: what changes here is overwritten.";
  return `${head}\n[api]\nserver = http://${api}:8080\n[memcache]\nservers = ${pool}\n`;
}

/** systemd's own word on the unit of deploy/systemd, where this machine has it; that a program or manual page is not installed here is no fault of the unit. */
function verifyUnit(): void {
  const unit = fileURLToPath(new URL("../../deploy/systemd/serf-ts.service", import.meta.url));
  const { error, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
  if (error !== undefined) return;
  const faults = stderr
    .split("\n")
    .filter((line) => line.includes("serf-ts.service") && !/not executable|Unknown user/.test(line));
  assert.deepEqual(faults, []);
  say("systemd-analyze verify has nothing to say against the unit");
}
