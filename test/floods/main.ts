// `npm run bench:floods -- [--only NAME] [--seconds 20] [--rate 100000] [--write]`: floods one agent of a cluster of five, kind by kind, and prints
// what became of it. `--write` puts the table into docs/SECURITY.md.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { replaceSection } from "../experiments/section.ts";
import { requirePeer } from "../support/peers.ts";
import { Sandbox } from "../support/sandbox.ts";
import { type FloodResult, floods, formatFloods, runFlood } from "./floods.ts";
import { buildFlood } from "./loader.ts";

const page = new URL("../../docs/SECURITY.md", import.meta.url);
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "100000" },
    write: { type: "boolean", default: false },
  },
});
const names = values.only ?? Object.keys(floods);
const [seconds, perSecond] = [Number(values.seconds), Number(values.rate)];
if (names.some((name) => !Object.hasOwn(floods, name)) || !(seconds > 0) || !(perSecond > 0)) {
  console.error(`--only is any of ${Object.keys(floods).join(", ")}; --seconds and --rate are numbers above 0`);
  process.exit(2);
}
if (requirePeer("go") === undefined) {
  console.error("packets are sent by a program in Go, which is not installed");
  process.exit(1);
}

const workshop = new Sandbox();
let current: Sandbox | undefined;
process.once("SIGINT", () => void Promise.all([current?.close(), workshop.close()]).finally(() => process.exit(130)));
const results: FloodResult[] = [];
try {
  const program = await buildFlood(await workshop.folder());
  for (const name of names) {
    process.stderr.write(`flood: ${floods[name]!.title} ...\n`);
    current = new Sandbox();
    try {
      results.push(await runFlood(current, name, { program, perSecond, seconds }));
    } finally {
      await current.close();
    }
  }
} finally {
  await workshop.close();
}
const table = `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}:\n\n${formatFloods(results)}`;
console.log(table);
if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "floods", table));
if (results.some(({ failures }) => failures > 0)) process.exitCode = 1;
