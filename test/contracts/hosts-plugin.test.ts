/** The hosts plugin with real files, on a made-up cluster. */

import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { PluginBench } from "../../src/plugins/bench.ts";
import { plugin } from "../../src/plugins/hosts/index.ts";
import { createPluginBench } from "../../src/plugins/index.ts";

const folders: string[] = [];
const benches: PluginBench[] = [];

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Not UTF-8, and with blanks that mean nothing. */
const before = Buffer.from("127.0.0.1\tlocalhost\n\n# caf\xe9  \r\n10.9.9.9 printer", "latin1");

function hostsFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "serf-ts-hosts-"));
  folders.push(folder);
  const path = join(folder, "hosts");
  writeFileSync(path, before);
  return path;
}

async function started(fileOptions: Record<string, unknown>, instance = "hosts"): Promise<PluginBench> {
  const members = [{ name: "web-1", tags: { role: "web" } }];
  const bench = createPluginBench(plugin, { fileOptions, members, instance });
  benches.push(bench);
  return bench.start();
}

test("two instances keep a block each, and what is around them stays as it is, byte by byte, until they are removed", async () => {
  const file = hostsFile();
  chmodSync(file, 0o640);
  const bench = await started({ file, domain: "serf", alias_tags: ["role"] });
  const other = await started({ file, tag: "role=db" }, "databases");
  bench.setMember({ name: "web-2", address: "fd00::2" });
  other.setMember({ name: "db-1", address: "10.0.0.3", tags: { role: "db" } });
  await bench.advance(200);
  await other.advance(200);
  const written = readFileSync(file);
  expect(written.subarray(0, before.length)).toEqual(before);
  expect(written.toString("latin1").slice(before.length).split("\n")).toEqual([
    "",
    "# BEGIN serf plugin hosts: this block is written by the agent",
    "10.0.0.1\tself.serf self",
    "10.0.0.1\tweb-1.serf web-1 web",
    "fd00::2\tweb-2.serf web-2",
    "# END serf plugin hosts",
    "# BEGIN serf plugin databases: this block is written by the agent",
    "10.0.0.3\tdb-1",
    "# END serf plugin databases",
    "",
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  bench.setMember({ name: "web-1", status: "failed" });
  await bench.advance(200);
  expect(readFileSync(file, "latin1")).not.toContain("web-1");
  await bench.stop("removed");
  await other.stop("removed");
  expect(readFileSync(file)).toEqual(Buffer.concat([before, Buffer.from("\n")]));
});

test("the block stays where the agent ends, and where that is asked for", async () => {
  const file = hostsFile();
  await (await started({ file })).stop("stopped");
  const written = readFileSync(file, "latin1");
  expect(written).toContain("web-1");
  await (await started({ file, keep_on_removal: true })).stop("removed");
  expect(readFileSync(file, "latin1")).toBe(written);
});

test("a file whose marks are broken is left alone until it is mended", async () => {
  const file = hostsFile();
  appendFileSync(file, "\n# END serf plugin hosts\n");
  const broken = readFileSync(file);
  const bench = await started({ file });
  expect(bench.problem).toContain(`${file}: line 5 is an end without a beginning`);
  expect(readFileSync(file)).toEqual(broken);
  writeFileSync(file, before);
  await bench.advance(10_200);
  expect([bench.problem, readFileSync(file, "latin1").includes("web-1")]).toEqual([undefined, true]);
});

test("a symbolic link stays one, and a file that is not there is made", async () => {
  const file = hostsFile();
  const link = `${file}-link`;
  symlinkSync(file, link);
  await started({ file: link });
  expect(readFileSync(file, "latin1")).toContain("web-1");
  await started({ file: `${file}-new` });
  expect(readFileSync(`${file}-new`, "latin1")).toMatch(/^# BEGIN[\s\S]*web-1[\s\S]*# END.*\n$/);
});

test("a dry run shows the file and what would change, and writes nothing", async () => {
  const file = hostsFile();
  const bench = await started({ file });
  bench.setMember({ name: "web-2" });
  const written = readFileSync(file);
  expect(await bench.action("render")).toContain("\n+10.0.0.1\tweb-2\n # END serf plugin hosts\n");
  expect(readFileSync(file)).toEqual(written);
});

test("what others write to the file while it is rendered is not lost", async () => {
  const file = hostsFile();
  const bench = await started({ file });
  // A name that is left out is told of after the file was read.
  bench.log.push = (line) => {
    if (line.startsWith("WARN left out")) appendFileSync(file, "10.8.8.8 scanner\n");
    return 0;
  };
  bench.setMember({ name: "github.com" });
  bench.setMember({ name: "web-2" });
  await bench.advance(200);
  expect(bench.problem).toBe(`${file}: somebody else has just changed the file`);
  expect(readFileSync(file, "latin1")).toMatch(/# END serf plugin hosts\n10.8.8.8 scanner\n$/);
  await bench.advance(10_200);
  expect(bench.problem).toBeUndefined();
  expect(readFileSync(file, "latin1")).toMatch(/\tweb-2\n# END serf plugin hosts\n10.8.8.8 scanner\n$/);
});

test("names that are left out are told once", async () => {
  const bench = await started({ file: hostsFile() });
  bench.setMember({ name: "github.com" });
  bench.setMember({ name: "printer" });
  await bench.advance(200);
  bench.setMember({ name: "web-2" });
  await bench.advance(200);
  expect(bench.log.filter((line) => line.startsWith("WARN"))).toEqual([
    'WARN left out: "github.com" of "github.com" has dots, and no domain is set',
    'WARN left out: "printer" of "printer" stands elsewhere in the file',
  ]);
});

test.each([
  [{ file: "hosts" }, "must be an absolute path"],
  [{ domain: "Serf." }, "domain must be lower-case words divided by dots"],
  [{ status: "dead" }, "must be some of alive,leaving,left,failed"],
])("options %j are refused", (fileOptions, message) => {
  expect(() => createPluginBench(plugin, { fileOptions })).toThrow(message);
});
