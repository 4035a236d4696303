/** Where options come from and where an agent listens, seen from outside. Where it can, beside Debian's. */

import { existsSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Handler } from "../support/handler.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import type { RunningProcess } from "../support/processes.ts";
import { useSandbox } from "../support/sandbox.ts";
import { type Kind, serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const kinds: readonly Kind[] = requirePeer("serf") === undefined ? ["ours"] : ["ours", "debian"];

async function running(agent: RunningProcess): Promise<RunningProcess> {
  await waitFor(() => agent.exit !== undefined || agent.output.includes("Log data will now stream in"), {
    what: "an agent to start",
    witnesses: [agent],
  });
  expect(agent.exit, agent.output).toBeUndefined();
  return agent;
}

describe.concurrent("the environment", () => {
  const sandbox = useSandbox();

  test("configures an agent, and the commands that look for it", async () => {
    const folder = await sandbox.folder();
    await writeFile(join(folder, "agent.json"), JSON.stringify({ node_name: "of-the-file", tags: { from: "file" } }));
    const place = { SERF_RPC_ADDR: `${loopback}:${await sandbox.port()}`, SERF_RPC_AUTH: "secret" };
    const environment = {
      ...place,
      SERF_CONFIG_FILE: folder,
      SERF_BIND: `${loopback}:${await sandbox.port()}`,
      SERF_NODE_NAME: "of-the-environment",
      SERF_PROFILE: "wan",
      SERF_TAGS: "role=web,dc=eu",
      SERF_JOIN: "127.0.0.1",
    };
    const agent = await running(sandbox.startCommand("ours", ["agent", "-profile=local"], environment));
    expect(agent.output).toContain(
      "==> Using SERF_NODE_NAME, SERF_TAGS, SERF_BIND, SERF_PROFILE, SERF_CONFIG_FILE, SERF_RPC_ADDR, SERF_RPC_AUTH of the environment\n",
    );
    expect(agent.output).toContain(
      "==> Warning: SERF_JOIN in the environment is no option, did you mean SERF_START_JOIN?\n",
    );
    expect(agent.output).not.toContain("secret");
    expect(agent.output).toContain("Profile: local\n");
    const { stdout } = await serfCommand("ours", ["members"], place);
    expect(stdout).toMatch(/^of-the-environment .* dc=eu,from=file,role=web\n$/);
  });

  test("hands on to scripts what they may need, and not the encryption key", async () => {
    const handler = await Handler.create(await sandbox.folder());
    const environment = {
      SERF_RPC_ADDR: `${loopback}:${await sandbox.port()}`,
      SERF_BIND: `${loopback}:${await sandbox.port()}`,
      SERF_RPC_AUTH: "needed",
      SERF_ENCRYPT_KEY: "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=",
    };
    const agent = await running(
      sandbox.startCommand("ours", ["agent", `-event-handler=${handler.script}`], environment),
    );
    expect(agent.output).toContain("Encrypted: true\n");
    const [call] = await waitFor(async () => (await handler.calls()).length > 0 && handler.calls(), { what: "a call" });
    expect(call?.environment).toMatchObject({ SERF_EVENT: "member-join", SERF_RPC_AUTH: "needed" });
    expect(call?.environment).not.toHaveProperty("SERF_ENCRYPT_KEY");
  });

  test("with a wrong value is refused in one line", async () => {
    const agent = sandbox.startCommand("ours", ["agent"], { SERF_PROTOCOL: "9" });
    expect(await agent.exited).toBe(1);
    expect(agent.output).toBe("==> SERF_PROTOCOL in the environment: must be an integer from 2 to 5, is 9\n");
  });
});

describe.concurrent("RPC at a socket in the file system", () => {
  const sandbox = useSandbox();

  test("is for this user alone, found by flag and environment, and gone with the agent", async () => {
    const path = join(await sandbox.folder(), "serf.sock");
    const address = `unix://${path}`;
    const flags = ["agent", "-node=web", `-bind=${loopback}:${await sandbox.port()}`, "-profile=local"];
    const killed = await running(sandbox.startCommand("ours", [...flags, `-rpc-addr=${address}`]));
    await killed.kill();
    expect(existsSync(path)).toBe(true);
    const agent = await running(sandbox.startCommand("ours", [...flags, `-rpc-addr=${address}`]));
    expect(agent.output).toContain(`RPC addr: '${address}'\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = sandbox.startCommand("ours", [...flags.slice(0, 2), `-bind=${loopback}:0`, `-rpc-addr=${address}`]);
    expect(await second.exited).toBe(1);
    expect(second.output).toContain(
      `==> Error starting RPC listener: listen unix ${path}: bind: address already in use\n`,
    );
    expect((await serfCommand("ours", ["info", `-rpc-addr=${address}`])).stdout).toContain("name = web");
    expect((await serfCommand("ours", ["members"], { SERF_RPC_ADDR: address })).stdout).toMatch(/^web /);
    expect((await serfCommand("ours", ["leave"], { SERF_RPC_ADDR: address })).code).toBe(0);
    expect(await agent.exited).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect(await serfCommand("ours", ["members"], { SERF_RPC_ADDR: address })).toMatchObject({
      code: 1,
      stdout: `Error connecting to Serf agent: dial unix ${path}: connect: no such file or directory\n`,
    });
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === "::1"));

describe.skipIf(!hasIpv6).concurrent("IPv6", () => {
  const sandbox = useSandbox();
  const start = async (kind: Kind, name: string, host: string, args: readonly string[] = []) => {
    const [bind, rpc] = [`${host}:${await sandbox.port()}`, `[::1]:${await sandbox.port()}`];
    const flags = ["agent", `-node=${name}`, `-bind=${bind}`, `-rpc-addr=${rpc}`, "-profile=local", ...args];
    return { bind, rpc, process: await running(sandbox.startCommand(kind, flags)) };
  };
  const members = async (rpc: string) => {
    const { stdout } = await serfCommand("ours", ["members", `-rpc-addr=${rpc}`, "-status=alive"]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/ +/).slice(0, 2));
  };

  test.each(kinds)("carries members, joins and RPC, and events of %s", async (kind) => {
    const seed = await start(kind, "seed", "[::1]");
    const other = await start("ours", "other", "[::1]", [`-join=${seed.bind}`]);
    const view = [
      ["other", other.bind],
      ["seed", seed.bind],
    ];
    await waitFor(async () => expect((await members(seed.rpc)).sort()).toEqual(view), {
      what: "both to see each other",
    });
    expect((await members(other.rpc)).sort()).toEqual(view);
    expect((await serfCommand(kind, ["event", "-coalesce=false", `-rpc-addr=${seed.rpc}`, "deploy"])).code).toBe(0);
    await waitFor(() => other.process.output.includes("Received event: user-event: deploy"), { what: "the event" });
  });

  test("and IPv4 meet at a node that listens to both", async () => {
    const both = await start("ours", "both", "[::]", [`-advertise=${loopback}:0`]);
    const port = both.bind.split(":").at(-1);
    const four = await start("ours", "four", loopback, [`-join=${loopback}:${port}`]);
    const six = await start("ours", "six", loopback, [`-join=[::1]:${port}`]);
    for (const { rpc } of [both, four, six])
      await waitFor(async () => expect(await members(rpc)).toHaveLength(3), { what: "all three to see each other" });
  });
});

describe.skipIf(requirePeer("serf") === undefined)("the flags of Debian's agent", () => {
  test("all exist here", async () => {
    const flagsOf = async (kind: Kind) => {
      const { stdout, stderr } = await serfCommand(kind, ["agent", "-h"]);
      return [...`${stdout}${stderr}`.matchAll(/^ {2}-([\w-]+)/gm)].map(([, flag]) => flag);
    };
    const theirs = await flagsOf("debian");
    expect(theirs.length).toBeGreaterThan(25);
    expect(await flagsOf("ours")).toEqual(expect.arrayContaining(theirs));
  });
});

describe.runIf(process.platform === "linux").concurrent("an interface", () => {
  const sandbox = useSandbox();

  test.each(kinds)("of %s gives the address", async (kind) => {
    const [port, rpc] = [await sandbox.port(), await sandbox.port()];
    const flags = ["agent", "-node=web", `-bind=0.0.0.0:${port}`, "-iface=lo", `-rpc-addr=${loopback}:${rpc}`];
    const agent = await running(sandbox.startCommand(kind, flags));
    expect(agent.output).toContain(`==> Using interface 'lo' address '${loopback}'\n`);
    expect(agent.output).toContain(`Bind addr: '${loopback}:${port}'\n`);
  });

  test.each(kinds)("of %s is checked for the address that is bound", async (kind) => {
    const agent = sandbox.startCommand(kind, ["agent", "-bind=10.9.8.7", "-iface=lo"]);
    expect(await agent.exited).toBe(1);
    expect(agent.output).toMatch(/^==> Interface 'lo' has no '10\.9\.8\.7' address/);
  });

  test.each(kinds)("of %s that is not there ends the agent", async (kind) => {
    const agent = sandbox.startCommand(kind, ["agent", "-iface=eth99"]);
    expect(await agent.exited).toBe(1);
    expect(agent.output).toMatch(/^==> Invalid network interface: .*\n$/);
  });
});
