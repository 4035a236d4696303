/** Tags files and keyring files pass from one implementation to the other. */

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitForView } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";

const skip = requirePeer("serf") === undefined;
const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const otherKey = "AAAAAAAAAAAAAAAAAAAAAA==";
const passes = [
  { writer: "ours", reader: "debian" },
  { writer: "debian", reader: "ours" },
] as const;

describe.skipIf(skip).concurrent.each(passes)(
  "a tags file written by $writer, read by $reader",
  ({ writer, reader }) => {
    const sandbox = useSandbox();

    test("keeps what serf tags has set", async () => {
      const path = join(await sandbox.folder(), "tags.json");
      const args = [`-tags-file=${path}`];
      const first = await sandbox.startAgent({ kind: writer, name: "node", args });
      expect((await first.command(["tags", "-set", "role=<web>", "-set", "a=1", "-set", "x=y"])).code).toBe(0);
      expect((await first.command(["tags", "-delete", "x"])).code).toBe(0);
      expect(await readFile(path, "utf8")).toBe('{\n  "a": "1",\n  "role": "\\u003cweb\\u003e"\n}');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      await first.kill();
      const second = await sandbox.startAgent({ kind: reader, name: "node", args, place: first.place });
      expect((await second.members())[0]?.tags).toEqual({ a: "1", role: "<web>" });
      expect(second.log).toContain(`agent: Restored 2 tag(s) from ${path}`);
    });
  },
);

describe.skipIf(skip)("a keyring file", () => {
  const sandbox = useSandbox();

  test("lets agents of both kinds be one cluster, also with different primary keys", async () => {
    const folder = await sandbox.folder();
    const startWith = async (kind: Kind, keys: readonly string[], join_: readonly string[]) => {
      const path = join(folder, `${kind}.json`);
      await writeFile(path, JSON.stringify(keys), { mode: 0o600 });
      return sandbox.startAgent({ kind, name: kind, args: [`-keyring-file=${path}`, ...join_] });
    };
    const debian = await startWith("debian", [key, otherKey], []);
    const ours = await startWith("ours", [otherKey, key], [`-join=${debian.address}`]);
    await waitForView([debian, ours], { debian: "alive", ours: "alive" });
    for (const agent of [debian, ours]) {
      expect(agent.log).toContain("agent: Restored keyring with 2 keys from ");
      expect(agent.log).toMatch(/Encrypted: true/);
    }
  });
});
