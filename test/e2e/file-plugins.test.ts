/** Plugins that write files for other programs, in real agents: template, hosts, monitoring. What they write, those programs read. */

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { connectSerf, type PluginInstanceView } from "../../src/client/index.ts";
import type { Agent } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { whyNoMounts, withMounts } from "../support/mounts.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const run = promisify(execFile);

describe("template", () => {
  const sandbox = useSandbox();

  test("follows the members, and keeps what works where a template or its result is wrong", async () => {
    const folder = await sandbox.folder();
    const [source, destination, reloads] = ["list.hbs", "list", "reloads"].map((name) => join(folder, name));
    await writeFile(source!, '{{#each alive}}{{name}} {{default tags.role "-"}}\n{{/each}}');
    const check = "! grep -q forbidden {{file}} || { echo 'that word!'; exit 1; }";
    const templates = [{ source, destination, check, reload: `echo "$FILE" >> ${reloads}` }];
    const a = await sandbox.startAgent({ kind: "ours", name: "a", args: [`-plugin-dir=${join(folder, "plugins")}`] });
    await expectDone(plugin(a, "install", "template", `templates=${JSON.stringify(templates)}`));
    expect(await readFile(destination!, "utf8")).toBe("a -\n");

    const b = await sandbox.startAgent({ kind: "ours", name: "b", join: [a], args: ["-tag=role=web"] });
    const becomes = (content: string) =>
      waitFor(async () => (await readFile(destination!, "utf8")) === content, { what: content, witnesses: [a] });
    await becomes("a -\nb web\n");

    await writeFile(source!, "{{#each alive}}\n{{nme}}\n{{/each}}");
    a.process.signal("SIGHUP");
    await problemIs(a, `${source}: line 2: a member has no "nme", did you mean "name"?`);
    await writeFile(source!, "{{#each alive}}{{name}} forbidden\n{{/each}}");
    a.process.signal("SIGHUP");
    await problemIs(a, `${destination}: the check refuses the new content: that word! (exit code 1)`);
    expect(await readFile(destination!, "utf8")).toBe("a -\nb web\n");
    const dryRun = await plugin(a, "template", "render");
    expect([dryRun.code, dryRun.stdout]).toEqual([
      0,
      expect.stringContaining("\n-a -\n-b web\n+a forbidden\n+b forbidden\n"),
    ]);
    expect((await plugin(a, "template", "render", join(folder, "none"))).code).toBe(1);

    await writeFile(source!, "{{#each alive}}{{name}}\n{{/each}}");
    expect(await b.leave()).toBe(0);
    await becomes("a\n");
    await problemIs(a, "");
    const told = (await readFile(reloads!, "utf8")).split("\n");
    expect(told).toEqual([destination, destination, destination, ""]);
  });
});

const whyNot = whyNoMounts();

describe.skipIf(whyNot !== undefined)(`hosts${whyNot === undefined ? "" : `, skipped: ${whyNot}`}`, () => {
  const sandbox = useSandbox();

  test("has the machine find members by name, over a restart of the agent, until it is removed", async () => {
    const folder = await sandbox.folder();
    const file = join(folder, "hosts");
    const before = "127.0.0.1\tlocalhost\n# ours\n";
    await writeFile(file, before);
    // As in a container, /etc/hosts is a mount and cannot be replaced; outside of the agent's processes it is what it was.
    const host = { exec: withMounts(`mount --bind '${file}' /etc/hosts`), address: loopback };
    const place = { bindPort: await sandbox.port(), rpcPort: await sandbox.port() };
    const args = [`-plugin-dir=${join(folder, "plugins")}`, `-snapshot=${join(folder, "snapshot")}`];
    const start = () => sandbox.startAgent({ kind: "ours", name: "a", host, place, args });
    let a = await start();
    await expectDone(plugin(a, "install", "hosts", "domain=serf", "alias_tags=role"));
    const b = await sandbox.startAgent({
      kind: "ours",
      name: "b",
      join: [a],
      args: ["-tag=role=web,localhost,github.com"],
    });
    const lookUp = async (name: string): Promise<string> => {
      const inside = ["-m", "-t", String(a.process.pid), "getent", "-s", "files", "ahostsv4", name];
      return (await run("nsenter", inside).catch(() => ({ stdout: "none" }))).stdout.split(/\s/)[0]!;
    };
    await waitFor(async () => (await lookUp("b.serf")) === loopback, { what: "b to be found", witnesses: [a] });
    expect(await Promise.all(["a", "b", "web", "github.com"].map(lookUp))).toEqual([
      loopback,
      loopback,
      loopback,
      "none",
    ]);
    const written = await readFile(file, "utf8");
    expect(written).toContain(`${loopback}\tb.serf b web\n`);

    await a.process.kill();
    a = await start();
    expect(await readFile(file, "utf8")).toBe(written);
    await expectDone(plugin(a, "remove", "hosts"));
    expect(await readFile(file, "utf8")).toBe(before);
    expect(await b.leave()).toBe(0);
  });
});

const promtool = requirePeer("promtool");
const nagios = requirePeer("nagios4");

describe.skipIf(promtool === undefined || nagios === undefined)("monitoring", () => {
  const sandbox = useSandbox();

  test("writes what Prometheus and Nagios take, whatever a member says of itself", async () => {
    const folder = await sandbox.folder();
    const [targets, hosts] = [join(folder, "targets.json"), join(folder, "serf.cfg")];
    const a = await sandbox.startAgent({ kind: "ours", name: "a" });
    const services = [{ description: "HTTP", check_command: "check", tag: "role=web*" }];
    const files = [`prometheus_file=${targets}`, `nagios_file=${hosts}`, `nagios_services=${JSON.stringify(services)}`];
    await expectDone(plugin(a, "install", "monitoring", "port_tag=metrics", ...files));
    const b = await sandbox.startAgent({ kind: "ours", name: "b", join: [a], args: ["-tag=metrics=9113"] });
    const client = await connectSerf({ address: b.rpcAddress });
    const hostile = 'web"}]\n}\ndefine contact {\n  contact_name x;$USER1$\u2028';
    await client.updateTags({ role: hostile, "x-y": "null" });
    client.close();
    await waitFor(async () => (await readFile(targets, "utf8")).includes("x_y"), { what: "b's tags", witnesses: [a] });

    const config = join(folder, "prometheus.yml");
    await writeFile(config, `scrape_configs: [{job_name: serf, file_sd_configs: [{files: ["${targets}"]}]}]\n`);
    const { stdout } = await run(promtool!, ["check", "service-discovery", config, "serf", "--timeout=2s"]);
    const found = JSON.parse(stdout) as { labels: Record<string, string> }[];
    const labels = found.map((entry) => entry.labels).sort((x, y) => (x["node"]! < y["node"]! ? -1 : 1));
    expect(labels).toMatchObject([
      { instance: `${loopback}:9100`, node: "a" },
      { instance: `${loopback}:9113`, node: "b", role: hostile },
    ]);

    await waitFor(async () => (await readFile(hosts, "utf8")).includes("define service"), { what: "b's service" });
    const main = await nagiosConfig(folder, hosts);
    const checked = await run(nagios!, ["-v", main]).catch((error: { stdout: string }) => error);
    expect(checked.stdout).toMatch(/Checked 1 services\.[\s\S]*Checked 2 hosts\.[\s\S]*Checked 1 host groups\./);
    expect(checked.stdout).toMatch(/Total Warnings: 0\nTotal Errors: {3}0/);
  });
});

/** The least that Nagios wants: what hosts and services build on. */
async function nagiosConfig(folder: string, hosts: string): Promise<string> {
  const spool = join(folder, "spool");
  await mkdir(spool);
  const base = join(folder, "base.cfg");
  const main = join(folder, "nagios.cfg");
  const common = "max_check_attempts 3\n contacts x\n check_period always\n notification_period always\n register 0";
  await writeFile(
    base,
    `define timeperiod {
 timeperiod_name always\n alias always\n ${["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((day) => `${day} 00:00-24:00`).join("\n ")}
}
define command {\n command_name check\n command_line /bin/true\n}
define contact {
 contact_name x\n host_notification_commands check\n service_notification_commands check
 host_notification_period always\n service_notification_period always
}
define host {\n name generic-host\n check_command check\n ${common}\n}
define service {\n name generic-service\n ${common}\n}
`,
  );
  const illegal = "`~!$%^&*|'\"<>?,()=";
  const lines = [
    `cfg_file=${base}`,
    `cfg_file=${hosts}`,
    `check_result_path=${spool}`,
    `object_cache_file=${join(folder, "objects")}`,
    `log_file=${join(folder, "log")}`,
    // As root it becomes another user, who must not look into this folder.
    `nagios_user=${userInfo().username}`,
    `illegal_object_name_chars=${illegal}`,
    "illegal_macro_output_chars=`~$&|'\"<>",
  ];
  await writeFile(main, `${lines.join("\n")}\n`);
  return main;
}

function plugin(agent: Agent, ...args: string[]) {
  return serfCommand("ours", ["plugin", `-rpc-addr=${agent.rpcAddress}`, ...args]);
}

async function expectDone(done: ReturnType<typeof plugin>): Promise<void> {
  const { code, stdout, stderr } = await done;
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.not.stringContaining("problem")]);
}

async function problemIs(agent: Agent, problem: string): Promise<void> {
  await waitFor(
    async () => {
      const { stdout } = await plugin(agent, "list", "-format=json");
      expect((JSON.parse(stdout) as { plugins: PluginInstanceView[] }).plugins[0]!.problem).toContain(problem);
      if (problem === "") expect(stdout).toContain('"problem": ""');
    },
    { what: `the problem "${problem}"`, intervalMs: 200, witnesses: [agent] },
  );
}
