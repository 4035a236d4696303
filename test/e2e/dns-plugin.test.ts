/** The plugin dns asked by dig: first one on the bench, with members of every kind, then one of a real agent in a real cluster. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plugin } from "../../src/plugins/dns/index.ts";
import { type BenchMember, createPluginBench, type PluginBench } from "../../src/plugins/index.ts";
import type { Agent } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const dig = requirePeer("dig");

/** What dig prints of an answer; it does not come back without one. */
async function run(port: number, ...words: readonly string[]): Promise<string> {
  const args = [`@${loopback}`, "-p", String(port), "+tries=1", "+timeout=15", ...words];
  const { stdout } = await promisify(execFile)(dig ?? "dig", args);
  return stdout;
}

async function short(port: number, ...words: readonly string[]): Promise<readonly string[]> {
  return (await run(port, "+short", ...words))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

/** "NOERROR qr aa rd" */
function statusOf(printed: string): string {
  return `${/status: (\w+)/.exec(printed)?.[1]} ${/;; flags: ([^;]*);/.exec(printed)?.[1]}`;
}

describe.skipIf(dig === undefined)("dig", () => {
  const sandbox = useSandbox();
  let bench: PluginBench;
  let port: number;
  beforeAll(async () => {
    const crowd = Array.from({ length: 300 }, (_, index): BenchMember => {
      return { name: `crowd-${index}`, address: `10.9.${index >> 8}.${index & 255}`, tags: { pool: "crowd" } };
    });
    const members: readonly BenchMember[] = [
      { name: "web1", address: "10.0.0.1", tags: { role: "web", port: "8080", version: "1.2", motto: 'say "hi"' } },
      { name: "web2", address: "10.0.0.2", tags: { role: "web", port: "8081", http_port: "80", weight: "7" } },
      { name: "db.eu", address: "fd00::3", tags: { role: "db", rack: "R 1" } },
      { name: "gone", address: "10.0.0.9", tags: { role: "gone" }, status: "failed" },
      ...crowd,
    ];
    port = await sandbox.port();
    bench = createPluginBench(plugin, { self: "web1", members, fileOptions: { listen: [`${loopback}:${port}`] } });
    await bench.start();
  });
  afterAll(() => bench?.stop());

  test.each<[readonly string[], readonly string[]]>([
    [["web1.node.serf"], ["10.0.0.1"]],
    [
      ["web.role.serf", "A"],
      ["10.0.0.1", "10.0.0.2"],
    ],
    [
      ["WEB.Role.SERF", "A"],
      ["10.0.0.1", "10.0.0.2"],
    ],
    [["db.eu.node.serf", "AAAA"], ["fd00::3"]],
    [["1.2.version.tag.serf"], ["10.0.0.1"]],
    [["R 1.rack.tag.serf", "AAAA"], ["fd00::3"]],
    [["version.tag.serf"], ["10.0.0.1"]],
    [
      ["web.role.serf", "SRV"],
      ["0 1 8080 web1.node.serf.", "0 7 8081 web2.node.serf."],
    ],
    [["_http._tcp.web.role.serf", "SRV"], ["0 7 80 web2.node.serf."]],
    [
      ["web1.node.serf", "TXT"],
      ['"motto=say \\"hi\\""', '"port=8080"', '"role=web"', '"version=1.2"'],
    ],
    [["-x", "10.0.0.2"], ["web2.node.serf."]],
    [["-x", "fd00::3"], ["db.eu.node.serf."]],
    [["serf", "NS"], ["web1.node.serf."]],
    [["web1.node.serf", "ANY"], ['"RFC8482" ""']],
    [["web1.node.serf", "AAAA"], []],
    [["gone.node.serf"], []],
  ])("%j brings %j, over UDP and TCP", async (words, records) => {
    expect(await short(port, ...words)).toEqual(records);
    expect(await short(port, "+tcp", ...words)).toEqual(records);
  });

  test.each([
    [["web1.node.serf"], "NOERROR qr aa rd"],
    [["web1.node.serf", "AAAA"], "NOERROR qr aa rd"],
    [["role.serf"], "NOERROR qr aa rd"],
    [["gone.node.serf"], "NXDOMAIN qr aa rd"],
    [["example.com"], "REFUSED qr rd"],
    [["version.bind", "CH", "TXT"], "REFUSED qr rd"],
    [["web1.node.serf", "+edns=1", "+noednsnegotiation"], "BADVERS qr rd"],
    [["web1.node.serf", "+opcode=status"], "NOTIMP qr rd"],
    [["web1.node.serf", "+header-only"], "FORMERR qr rd"],
  ])("%j has the status %s", async (words, status) => {
    expect(statusOf(await run(port, ...words))).toBe(status);
  });

  test("is told how long a name is to be taken as not there", async () => {
    const serial = /SOA\tweb1\.node\.serf\. hostmaster\.serf\. (\d+) 60 10 3600 5/.exec(
      await run(port, "no.serf"),
    )?.[1];
    expect(Number(serial)).toBeGreaterThan(1_700_000_000);
  });

  test("finds no fault in any answer", async () => {
    for (const words of [
      ["web.role.serf", "SRV"],
      ["crowd.pool.tag.serf"],
      ["serf", "SOA"],
      ["no.serf"],
      ["-x", "10.0.0.1"],
    ]) {
      const printed = await run(port, "+ignore", "+norecurse", ...words);
      expect(printed).not.toMatch(/warning|malformed|mismatch|extra bytes/i);
      expect(statusOf(printed)).toMatch(/^(NOERROR|NXDOMAIN) qr aa( tc)?$/);
    }
  });

  test.each([
    [["+noedns"], 512],
    [["+bufsize=800"], 800],
    [["+bufsize=4096"], 1232],
  ])("with %j gets a truncated answer of at most %i bytes, and all of it by TCP", async (words, limit) => {
    const name = "crowd.pool.tag.serf";
    const cut = await run(port, "+ignore", ...words, name);
    expect(statusOf(cut)).toBe("NOERROR qr aa tc rd");
    const bytes = Number(/MSG SIZE {2}rcvd: (\d+)/.exec(cut)?.[1]);
    expect(bytes).toBeLessThanOrEqual(limit);
    expect(bytes).toBeGreaterThan(limit - 16);
    // It comes again by itself.
    expect(await short(port, ...words, name)).toHaveLength(300);
  });

  test("is refused a transfer", async () => {
    expect(await run(port, "serf", "AXFR")).toContain("Transfer failed");
  });

  test("keeps a connection open for several questions", async () => {
    expect(await short(port, "+tcp", "+keepopen", "web1.node.serf", "web2.node.serf")).toEqual([
      "10.0.0.1",
      "10.0.0.2",
    ]);
  });
});

describe.skipIf(dig === undefined)("dns beside an agent", () => {
  const sandbox = useSandbox();

  test("follows the cluster, forwards what it is told to, and prints its zone", async () => {
    const [port, otherPort] = [await sandbox.port(), await sandbox.port()];
    const a = await sandbox.startAgent({ kind: "ours", name: "a", args: ["-tag=role=proxy"] });
    await install(a, `listen=${loopback}:${port}`);
    const b = await sandbox.startAgent({ kind: "ours", name: "b", join: [a], args: ["-tag=role=web", "-tag=port=80"] });
    const c = await sandbox.startAgent({ kind: "ours", name: "c", join: [a], args: ["-tag=role=web", "-tag=port=81"] });
    const servers = async () => (await short(port, "web.role.serf", "SRV")).join(" ");
    const both = "0 1 80 b.node.serf. 0 1 81 c.node.serf.";
    await waitFor(async () => (await servers()) === both, { what: "both to be found", witnesses: [a] });
    expect(await short(port, "-x", loopback)).toEqual(["a.node.serf.", "b.node.serf.", "c.node.serf."]);

    await c.command(["tags", "-set", "port=82"]);
    await waitFor(async () => (await servers()).endsWith("82 c.node.serf."), { what: "the new tag", witnesses: [a] });
    // Two who both miss it are sure soon; one alone would wait 18 s for somebody else's word.
    await c.kill();
    const left = "0 1 80 b.node.serf.";
    await waitFor(async () => (await servers()) === left, { what: "the one killed to be gone", witnesses: [a] });
    await b.leave();
    expect(await servers()).toBe("");
    expect(statusOf(await run(port, "web.role.serf"))).toBe("NXDOMAIN qr aa rd");

    await install(
      a,
      "-as",
      "other",
      "zone=other.",
      `listen=${loopback}:${otherPort}`,
      "forward=true",
      `resolvers=${loopback}:${port}`,
    );
    expect(await short(otherPort, "a.node.other")).toEqual([loopback]);
    expect(await short(otherPort, "a.node.serf")).toEqual([loopback]);
    expect(await short(otherPort, "+tcp", "a.node.serf")).toEqual([loopback]);
    const { stdout } = await serfCommand("ours", ["plugin", `-rpc-addr=${a.rpcAddress}`, "other", "zone"]);
    expect(stdout).toContain(`a.node.other.\t5\tIN\tA\t${loopback}\n`);
  });

  test("says why it does not start, and leaves what works as it is", async () => {
    const port = await sandbox.port();
    const agent = await sandbox.startAgent({ kind: "ours", name: "a" });
    await install(agent, `listen=${loopback}:${port}`);
    const again = await pluginCommand(agent, "install", "dns", "-as", "again", `listen=${loopback}:${port}`);
    expect([again.code, again.stdout]).toEqual([
      1,
      `Error: it does not start: ${loopback}:${port} is in use; stop what listens there, or set another "listen"\n`,
    ]);
    const wrong = await pluginCommand(agent, "configure", "dns", "listen=localhost");
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringContaining('listen: "localhost" is no IP address')]);
    expect(await short(port, "a.node.serf")).toEqual([loopback]);
  });
});

async function install(agent: Agent, ...words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await pluginCommand(agent, "install", "dns", ...words);
  expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/is running/), expect.anything()]);
}

function pluginCommand(agent: Agent, ...words: readonly string[]) {
  return serfCommand("ours", ["plugin", `-rpc-addr=${agent.rpcAddress}`, ...words]);
}
