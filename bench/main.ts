/** `npm run bench`: every figure beside the reference's, in one run. `-- --only NAME` runs one part, `-- --format json` prints JSON. */

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { requirePeer } from "../test/support/peers.ts";
import { Sandbox } from "../test/support/sandbox.ts";
import { benchIdleCluster } from "./idle-cluster.ts";
import { benchMembersRpc } from "./members-rpc.ts";
import { benchPackets } from "./packets.ts";
import { benchStartup } from "./startup.ts";
import { formatTable, type Row } from "./table.ts";
import { benchWire } from "./wire.ts";

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  wire: () => Promise.resolve(benchWire()),
  packets: () => benchPackets(() => new Sandbox(), progress),
  startup: () => inSandbox(benchStartup),
  rpc: () => benchMembersRpc(() => new Sandbox(), progress),
  idle: () => benchIdleCluster(() => new Sandbox(), progress),
};

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    format: { type: "string", default: "text" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const chosen = values.only ?? Object.keys(parts);
const unknown = chosen.find((name) => !(name in parts));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no part "${unknown}"`);
  console.error(`npm run bench -- [--only ${Object.keys(parts).join("|")}] [--format text|json]`);
  process.exit(unknown === undefined ? 0 : 1);
}
if (requirePeer("serf") === undefined) {
  console.error("without Debian's serf there is nothing to compare with");
  process.exit(1);
}

const rows: Row[] = [];
for (const name of chosen) {
  progress(`part ${name}`);
  rows.push(...(await parts[name]!()));
}
if (values.format === "json") {
  console.log(
    JSON.stringify({ date: new Date().toISOString(), node: process.version, cpus: cpus().length, rows }, null, 2),
  );
} else {
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`,
  );
  console.log(formatTable(rows));
}

async function inSandbox(part: (sandbox: Sandbox) => Promise<Row[]>): Promise<Row[]> {
  const sandbox = new Sandbox();
  try {
    return await part(sandbox);
  } finally {
    await sandbox.close();
  }
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line} ...\n`);
}
