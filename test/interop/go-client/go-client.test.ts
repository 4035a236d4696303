/** HashiCorp's own RPC client, in Go, against our agent: every method it has returns what it returns from theirs. */

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { requirePeer } from "../../support/peers.ts";
import { type Sandbox, useSandbox } from "../../support/sandbox.ts";
import type { Kind } from "../../support/serf-command.ts";
import { deviationHeadings } from "../differential/deviations.ts";
import { Sameness } from "../differential/sameness.ts";

/** What main.go prints for each call. */
interface Call {
  readonly method: string;
  readonly what: string;
  readonly result: unknown;
  readonly error: string;
}

const go = requirePeer("go");
const skip = go === undefined || requirePeer("serf") === undefined;
const here = fileURLToPath(new URL(".", import.meta.url));
const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const run = promisify(execFile);

/** Calls that return something else from our agent, and the heading of the paragraph in docs/DEVIATIONS.md that says why. */
const deviations: Readonly<Record<string, string>> = {
  "MembersFiltered: a wrong expression: tags": "A regular expression that is wrong gets an answer",
  "MembersFiltered: a wrong expression: status": "A regular expression that is wrong gets an answer",
  "MembersFiltered: a wrong expression: name": "A regular expression that is wrong gets an answer",
  "UseKey: a key that is not installed": "Failures of keys are worded as by today's memberlist",
  "RemoveKey: the key in use": "Failures of keys are worded as by today's memberlist",
};

/** The library is Debian's package, outside of any module. What is compiled is kept for the next run. */
async function build(folder: string): Promise<string> {
  const program = join(folder, "go-client");
  const environment = {
    ...process.env,
    GO111MODULE: "off",
    GOPATH: "/usr/share/gocode",
    GOFLAGS: "-buildvcs=false",
    GOCACHE: process.env["GOCACHE"] ?? join(tmpdir(), "serf-ts-go-cache"),
  };
  await run(go ?? "go", ["build", "-o", program, "main.go"], { cwd: here, env: environment });
  return program;
}

/** All calls against a fresh cluster of two, encrypted, whose main agent is of this kind. */
async function callAll(sandbox: Sandbox, program: string, kind: Kind): Promise<readonly Call[]> {
  const folder = await sandbox.folder();
  await writeFile(join(folder, "main.json"), JSON.stringify([key]), { mode: 0o600 });
  await writeFile(join(folder, "peer.json"), JSON.stringify([key]), { mode: 0o600 });
  await writeFile(join(folder, "auth.json"), JSON.stringify({ rpc_auth: "sesame" }));
  const peer = await sandbox.startAgent({
    kind: "debian",
    name: "peer",
    profile: "lan",
    args: ["-tag=role=db", `-keyring-file=${join(folder, "peer.json")}`],
  });
  const main = await sandbox.startAgent({
    kind,
    name: "main",
    profile: "lan",
    args: [
      "-tag=role=web",
      `-keyring-file=${join(folder, "main.json")}`,
      `-config-file=${join(folder, "auth.json")}`,
      "-event-handler=query:load=echo 42",
    ],
  });
  const nobody = await sandbox.port();
  const sameness = new Sameness(folder);
  sameness.port(main.place.bindPort, "main");
  sameness.port(peer.place.bindPort, "peer");
  sameness.port(nobody, "nobody");
  const { stdout } = await run(program, [main.rpcAddress, "sesame", peer.address, `127.0.0.1:${nobody}`], {
    timeout: 90_000,
  });
  expect(await main.process.exited, "it was told to leave").toBe(0);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => withoutFigures(JSON.parse(sameness.ports(line).replaceAll(/":(MAIN|PEER)\b/g, '":"$1"')) as Call));
}

/** How long queues are at that moment, and how busy the machine is. */
function withoutFigures(call: Call): Call {
  if (call.method !== "Stats") return call;
  const text = JSON.stringify(call.result).replaceAll(/("(?:\w+_queue|health_score)":)"\d+"/g, '$1"N"');
  return { ...call, result: JSON.parse(text) };
}

const title = ({ method, what }: Call) => `${method}: ${what}`;

describe.skipIf(skip)("the Go client", () => {
  const sandbox = useSandbox();
  const calls = new Map<Kind, readonly Call[]>();

  beforeAll(async () => {
    const program = await build(await sandbox.folder());
    const kinds: readonly Kind[] = ["debian", "ours"];
    await Promise.all(kinds.map(async (kind) => calls.set(kind, await callAll(sandbox, program, kind))));
  }, 180_000);

  test("has no method that is not called", () => {
    expect(calls.get("ours")?.at(-1)).toMatchObject({ what: "methods not called", result: [] });
    expect(calls.get("ours")?.map(title)).toEqual(calls.get("debian")?.map(title));
    expect(calls.get("ours")?.length).toBeGreaterThan(80);
  });

  test("gets the same from our agent as from Debian's, but for what docs/DEVIATIONS.md says", () => {
    const same = (kind: Kind) => calls.get(kind)?.filter((call) => !(title(call) in deviations));
    expect(same("ours")).toEqual(same("debian"));
  });

  test.each(Object.entries(deviations))("%s still differs: %s", (name, heading) => {
    expect(deviationHeadings).toContain(heading);
    const of = (kind: Kind) => calls.get(kind)?.find((call) => title(call) === name);
    expect(of("ours")).toBeDefined();
    expect(of("ours")).not.toEqual(of("debian"));
  });
});
