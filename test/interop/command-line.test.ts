/**
 * Every command, by either command line against either agent, in the same order against clusters in the same state: what the reference
 * prints, all four print.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { type Pairing, pairings } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import { type CommandResult, serfCommand } from "../support/serf-command.ts";

/** What a command is given. PEER and NOBODY stand for the address of a second agent and for one where nobody listens. */
const commands: readonly string[] = [
  "members",
  "members -detailed",
  "members -format=json",
  "members -format json -detailed",
  "members -format=xml",
  "members -status=alive",
  "members -status alive|failed",
  "members -status=failed",
  "members -status=failed -format=json",
  "members -name=peer",
  "members -name=pee",
  "members -name=p.*",
  "members -tag role=web",
  "members -tag role=w.* -tag zone=n.*",
  "members -tag role=eb",
  "members -role=db",
  "members --name=nobody",
  "members -bogus",
  "members extra",
  "event deploy",
  "event deploy payload",
  "event -coalesce=false deploy payload",
  "event -coalesce deploy payload",
  "event",
  "event one two three",
  `event large ${"x".repeat(600)}`,
  "event -coalesce=maybe deploy",
  "join",
  "join NOBODY",
  "join PEER",
  "join -replay PEER",
  "join NOBODY PEER",
  "force-leave",
  "force-leave nobody",
  "force-leave -prune nobody",
  "tags",
  "tags -set=role=cache -delete=zone",
  "tags -set=role=web -set=zone=north",
  "tags -set=nothing",
  "tags -delete=absent",
  `tags -set=large=${"x".repeat(600)}`,
  "members -name=main -format=json",
  "info extra",
  "info -format=json",
  "info -format=xml",
  "monitor -log-level=nonsense",
  "rtt",
  "rtt one two three",
  "rtt -bogus",
  "rtt nobody",
  "rtt main nobody",
  'rtt a"b',
  "rtt main",
  "rtt peer",
  "rtt peer main",
  "keys -bogus",
  "keys -install=a -use=b",
  "keys -remove=a -list",
  "keys -install=a",
  "version",
  "keygen",
  "leave",
];

interface Transcript {
  readonly results: ReadonlyMap<string, CommandResult>;
  readonly exit: unknown;
}

const runnable = requirePeer("serf") === undefined ? [] : pairings;

describe.skipIf(runnable.length === 0)("the command line", () => {
  const sandbox = useSandbox();
  const transcripts = new Map<Pairing, Transcript>();

  beforeAll(async () => {
    await Promise.all(runnable.map(async (pairing) => transcripts.set(pairing, await transcribe(sandbox, pairing))));
  });

  const [reference, ...others] = pairings;
  const of = (pairing: Pairing | undefined, command: string) => transcripts.get(pairing!)?.results.get(command);

  for (const pairing of others) {
    describe(pairing.title, () => {
      for (const command of commands) {
        test(`serf ${shortened(command)}`, () => expect(of(pairing, command)).toEqual(of(reference, command)));
      }
      test("the agent that was told to leave ends with 0", () => expect(transcripts.get(pairing)?.exit).toBe(0));
    });
  }

  describe("the reference itself", () => {
    test("lists both members with their tags", () => {
      expect(of(reference, "members")?.stdout).toBe(
        "\nmain  127.0.0.1:MAIN  alive  role=web,zone=north\npeer  127.0.0.1:PEER  alive  role=db",
      );
    });
    test("says what became of an event", () => {
      expect(of(reference, "event deploy")?.stdout).toBe("Event 'deploy' dispatched! Coalescing enabled: true\n");
    });
    test("leaves", () => {
      expect(of(reference, "leave")).toEqual({ code: 0, stdout: "Graceful leave complete\n", stderr: "" });
      expect(transcripts.get(reference!)?.exit).toBe(0);
    });
  });
});

/** Runs all commands against a cluster of two, and makes what differs from run to run the same. */
async function transcribe(sandbox: Sandbox, pairing: Pairing): Promise<Transcript> {
  const peer = await sandbox.startAgent({ kind: "debian", name: "peer", args: ["-tag=role=db"] });
  const main = await sandbox.startAgent({
    kind: pairing.agent,
    name: "main",
    args: ["-tag=role=web", "-tag=zone=north", "-event-handler=user:never=true"],
  });
  await main.command(["join", peer.address]);
  await waitForView([main, peer], { main: "alive", peer: "alive" });
  const nobody = `127.0.0.1:${await sandbox.port()}`;

  const results = new Map<string, CommandResult>();
  for (const command of commands) {
    const [name = "", ...args] = command
      .split(" ")
      .map((word) => ({ PEER: peer.address, NOBODY: nobody })[word] ?? word);
    const withoutAgent = ["version", "keygen"].includes(name);
    const rpc = withoutAgent ? [] : [`-rpc-addr=${main.rpcAddress}`];
    const result = await serfCommand(pairing.command, [name, ...rpc, ...args]);
    results.set(command, normalised(command, result, main, peer, nobody));
  }
  return { results, exit: await main.process.exited };
}

function normalised(command: string, result: CommandResult, main: Agent, peer: Agent, nobody: string): CommandResult {
  const portsOf = (text: string) =>
    text
      .replaceAll(String(main.place.bindPort), "MAIN")
      .replaceAll(String(peer.place.bindPort), "PEER")
      .replaceAll(nobody.split(":")[1] ?? nobody, "NOBODY");
  const stdout = command.startsWith("members")
    ? inOrder(result.stdout)
    : command.startsWith("info")
      ? withoutRuntime(result.stdout)
      : withoutHelp(result.stdout);
  return { code: result.code, stdout: specially(command, portsOf(sortedTags(stdout))), stderr: portsOf(result.stderr) };
}

/** Help is in each command's own words. */
function withoutHelp(text: string): string {
  return text.replace(/Usage: [\s\S]*$/, "HELP");
}

/** The reference lists members as a Go map comes, too. */
function inOrder(text: string): string {
  if (!text.startsWith("{")) return withoutHelp(text).split("\n").sort().join("\n");
  const { members } = JSON.parse(text) as { members: readonly { name: string }[] | null };
  if (members === null || members.length < 2) return text;
  return JSON.stringify({ members: [...members].sort((a, b) => (a.name < b.name ? -1 : 1)) }, undefined, 2);
}

/** The reference lists tags as a Go map comes: in another order each time. */
function sortedTags(text: string): string {
  return text.replaceAll(/\S+=[^\s,]*(,\S+=[^\s,]*)+/g, (tags) => tags.split(",").sort().join(","));
}

/** Versions and sizes of what it runs on; and how long its queues happen to be. */
function withoutRuntime(text: string): string {
  return text
    .replace(/(runtime:\n)(\t.*\n)*/, "$1")
    .replace(/("runtime": \{)[^}]*\}/, "$1}")
    .replaceAll(/(\w+_queue"?(?: =|:) "?)\d+/g, "$1N");
}

function specially(command: string, stdout: string): string {
  if (command === "keygen") return stdout.replace(/^[A-Za-z0-9+/]{43}=$/m, "KEY");
  // The same kind of figure: how fast a machine is differs from one moment to the next.
  if (command.startsWith("rtt")) return stdout.replace(/rtt: \d+\.\d{3} ms/, "rtt: TIME ms");
  if (command.startsWith("version")) return stdout.replace(/^.*$/m, "VERSION");
  return stdout;
}

function shortened(command: string): string {
  return command.length > 60 ? `${command.slice(0, 57)}...` : command;
}
