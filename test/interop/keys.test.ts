/** The encryption key of a cluster of both kinds of agents changes, told by either command line to either kind. */

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { type Pairing, pairings } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";

const oldKey = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const newKey = "HvY8ubRZMgafUOWvrOadwOckVa1wN3QWAo46FVKbVN8=";
/** 16 bytes: keys of several sizes live side by side. */
const shortKey = "ICEiIyQlJicoKSorLC0uLw==";

const names = ["debian-1", "ours-1", "debian-2", "ours-2"] as const;
const alive = Object.fromEntries(names.map((name) => [name, "alive"]));

const runnable = requirePeer("serf") === undefined ? [] : pairings;

describe.each(runnable)("the keys of two and two, by $title", ({ command, agent: told }: Pairing) => {
  const sandbox = useSandbox();
  const agents: Agent[] = [];
  const files: string[] = [];

  const keys = async (...args: string[]) => {
    const { code, stdout } = await agents.find(({ kind }) => kind === told)!.command(["keys", ...args], command);
    return { code, lines: stdout.trimEnd().split("\n") };
  };
  const succeed = async (args: readonly string[], begin: string, done: string) =>
    expect(await keys(...args)).toEqual({ code: 0, lines: [`==> ${begin} on all members...`, `==> ${done}!`] });
  /** The keyring files of all four, each as a list of keys. */
  const expectKept = async (...kept: string[]) => {
    const text = `[\n${kept.map((key) => `  "${key}"`).join(",\n")}\n]`;
    for (const file of files) expect(await readFile(file, "utf8"), file).toBe(text);
  };
  /** The lines of a listing, which the reference gives in any order, without their columns. */
  const listed = async () => {
    const { code, lines } = await keys("-list");
    expect([code, ...lines.slice(0, 3)]).toEqual([
      0,
      "==> Asking all members for installed keys...",
      "==> Keys gathered, listing cluster keys...",
      "",
    ]);
    return lines
      .slice(3)
      .map((line) => line.replace(/ +/, " "))
      .sort();
  };

  test("are there from the files", async () => {
    // Not the local profile, whose gossip is so sparing that now and then a query misses one of four.
    for (const name of names) {
      const file = join(await sandbox.folder(), "keyring.json");
      await writeFile(file, JSON.stringify([oldKey]), { mode: 0o600 });
      const kind = name.startsWith("debian") ? "debian" : "ours";
      const args = [`-keyring-file=${file}`];
      agents.push(await sandbox.startAgent({ kind, name, args, join: agents.slice(0, 1), profile: "lan" }));
      files.push(file);
    }
    await waitForView(agents, alive);
    expect(await listed()).toEqual([`${oldKey} [4/4]`]);
  });

  test("are rotated", async () => {
    await succeed([`-install=${newKey}`], "Installing key", "Successfully installed key");
    await expectKept(oldKey, newKey);
    expect(await listed()).toEqual([`${newKey} [4/4]`, `${oldKey} [4/4]`]);
    await succeed([`-use=${newKey}`], "Changing primary key", "Successfully changed primary key");
    await expectKept(newKey, oldKey);
    await succeed([`-remove=${oldKey}`], "Removing key", "Successfully removed key");
    await expectKept(newKey);
    expect(await listed()).toEqual([`${newKey} [4/4]`]);
    for (const file of files) expect((await stat(file)).mode & 0o777, file).toBe(0o600);
  });

  test("may be of another size", async () => {
    await succeed([`-install=${shortKey}`], "Installing key", "Successfully installed key");
    expect(await listed()).toEqual([`${newKey} [4/4]`, `${shortKey} [4/4]`].sort());
  });

  test("let nobody fail meanwhile, and let those in who come with the new one", async () => {
    const late = await sandbox.startAgent({
      kind: told,
      name: "late",
      key: newKey,
      join: agents.slice(0, 1),
      profile: "lan",
    });
    await waitForView([...agents, late], { ...alive, late: "alive" });
    for (const agent of agents) expect(agent.log, agent.name).not.toContain("EventMemberFailed");
  });
});
