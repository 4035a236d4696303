// Checks the package as it would be published: packs it, lets publint and arethetypeswrong judge the tarball, holds its list of
// files against what belongs there, installs it in an empty project, imports every export from there, type-checks a
// stranger's program against it, then installs it globally, under a prefix of its own, and runs an agent from there.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "serf-ts-package-"));
const shell = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };

/** Uses what each entry point is for, as its documentation shows it. */
const strangersProgram = `
import { createLogger, createNodeHost, createSerf } from "serf-ts";
import { createAgent } from "serf-ts/agent";
import { connectSerf } from "serf-ts/client";
import { Memberlist } from "serf-ts/memberlist";
import { createPluginBench, definePlugin, integer } from "serf-ts/plugins";
import { SimulatedNetwork } from "serf-ts/simulator";

const node = await createSerf({ nodeName: "a", logger: createLogger("INFO", (level, line) => console.log(level, line)) });
node.on("member-failed", ({ members }) => console.log(members.map(({ name }) => name)));
node.on("user", ({ name, payload }) => console.log(name, payload.length));
for await (const event of node.events()) if (event.kind === "user") console.log(event.lamportTime);

const host = await createNodeHost({ bindAddress: "127.0.0.1", bindPort: 0 });
new Memberlist({ nodeName: "a" }, host).join(["10.0.0.5"], ({ joined }) => console.log(joined));
new Memberlist({ nodeName: "b" }, new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" })).start();

const agent = await createAgent({ rpcAddress: "127.0.0.1:0" });
agent.onEvent((event) => console.log(event.kind));
const client = await connectSerf({ address: agent.rpcAddress });
for await (const event of await client.stream("user")) if (event.kind === "user") console.log(event.payload.length);

const plugin = definePlugin({
  name: "counter",
  description: "Counts members",
  options: { least: { type: integer(1, 10), default: 2, doc: "How many there should be." } },
  start({ members, options, setProblem }) {
    members.onChange(() => setProblem(members.list().length < options.least ? "too few" : undefined));
    return {};
  },
});
const bench = await createPluginBench(plugin, { options: { least: 3 } }).start();
bench.setMember({ name: "web-1", tags: { role: "web" } });
console.log(bench.problem);
`;

try {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], shell),
  );
  const tarball = join(folder, packed.filename);
  const strays = packed.files
    .map((file) => file.path)
    .filter(
      (path) =>
        !/^(dist\/.*\.(js|cjs|d\.ts)|dist\/man\/[\w.-]+\.[15]|dist\/THIRD-PARTY-LICENSES\.txt|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/.test(
          path,
        ) || path.includes(".test."),
    );
  if (strays.length > 0) throw new Error(`files that do not belong in the package: ${strays.join(", ")}`);

  execFileSync("npx", ["--no-install", "publint", "run", tarball, "--strict"], { ...shell, stdio: "inherit" });
  execFileSync("npx", ["--no-install", "attw", tarball, "--profile", "esm-only", "--no-emoji"], {
    ...shell,
    stdio: "inherit",
  });

  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball], { ...shell, cwd: folder });
  for (const name of Object.keys(manifest.exports)) {
    if (name.endsWith(".json")) continue;
    const specifier = name.replace(/^\./, manifest.name);
    const count = `const m = await import(${JSON.stringify(specifier)}); console.log(Object.keys(m).length)`;
    const exported = Number(
      execFileSync(process.execPath, ["--input-type=module", "-e", count], { ...shell, cwd: folder }),
    );
    if (!(exported > 0)) throw new Error(`${specifier} exports nothing`);
    console.log(`${specifier}: ${exported} exports`);
  }
  writeFileSync(join(folder, "stranger.ts"), strangersProgram);
  const typeRoots = join(root, "node_modules/@types");
  const options = [
    "--noEmit",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--module",
    "nodenext",
    "--target",
    "es2023",
  ];
  const tsc = [join(root, "node_modules/typescript/bin/tsc"), ...options, "--types", "node", "--typeRoots", typeRoots];
  execFileSync(process.execPath, [...tsc, "stranger.ts"], { ...shell, cwd: folder, stdio: "inherit" });
  console.log(`${packed.entryCount} files, ${Math.round(packed.size / 1024)} KiB packed`);
  await checkGlobalInstall(tarball);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** As an operator has it: `npm install -g`, the command on the path, its manual pages, an agent that answers and leaves. */
async function checkGlobalInstall(tarball) {
  const prefix = join(folder, "global");
  const place = { ...shell, cwd: folder, env: { PATH: `${join(prefix, "bin")}:${process.env.PATH}`, HOME: folder } };
  execFileSync("npm", ["install", "--global", "--prefix", prefix, "--no-audit", "--no-fund", tarball], {
    ...shell,
    cwd: folder,
  });
  const [version] = execFileSync("serf", ["version"], place).split("\n");
  if (version !== manifest.version) throw new Error(`serf version says ${version}, package.json ${manifest.version}`);
  for (const page of ["man1/serf.1", "man1/serf-agent.1", "man5/serf.json.5"]) {
    if (!existsSync(join(prefix, "share/man", page))) throw new Error(`npm did not install ${page}`);
  }

  const address = `unix://${join(folder, "serf.sock")}`;
  const agent = spawn("serf", ["agent", "-node=stranger", "-bind=127.0.0.1:0", `-rpc-addr=${address}`], {
    ...place,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(agent, "close");
  try {
    await saysItRuns(agent);
    const { members } = JSON.parse(execFileSync("serf", ["members", "-format=json", `-rpc-addr=${address}`], place));
    execFileSync("serf", ["leave", `-rpc-addr=${address}`], place);
    const [exitCode] = await ended;
    if (members.length !== 1 || members[0].status !== "alive" || exitCode !== 0)
      throw new Error(`an agent of the installed package: ${JSON.stringify(members)}, exit code ${exitCode}`);
  } finally {
    agent.kill("SIGKILL");
  }
  console.log(`serf ${version}, installed globally: an agent ran, answered and left`);
}

async function saysItRuns(agent) {
  const deadline = setTimeout(() => agent.kill("SIGKILL"), 60_000);
  let output = "";
  for await (const chunk of agent.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    output += chunk;
    if (!output.includes("Serf agent running!")) continue;
    clearTimeout(deadline);
    agent.stdout.resume();
    return;
  }
  throw new Error(`an agent of the installed package ended or did not start in time:\n${output}`);
}
