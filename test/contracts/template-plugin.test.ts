/** The template plugin with real files and programs, on a made-up cluster. */

import { execFileSync, execFile as runFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { PluginBench, PluginBenchOptions } from "../../src/plugins/bench.ts";
import { createPluginBench } from "../../src/plugins/index.ts";
import { plugin } from "../../src/plugins/template/index.ts";

type Options = PluginBenchOptions<typeof plugin.options>;

const list = "{{#each alive}}{{name}}={{address}}\n{{/each}}";
const folders: string[] = [];
const benches: PluginBench[] = [];

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "serf-ts-template-"));
  folders.push(path);
  return path;
}

/** One other member, so that nothing waits for the cluster to be found. */
async function started(options: Record<string, unknown>, more: Options = {}): Promise<PluginBench> {
  const bench = createPluginBench(plugin, { fileOptions: options, members: [{ name: "web-1" }], ...more });
  benches.push(bench);
  return bench.start();
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

describe("a template", () => {
  test("is written at once, and again when it was quiet after changes, once for all of them", async () => {
    const destination = join(folder(), "list");
    const bench = await started({ templates: [{ text: list, destination, reload: "true" }] });
    expect(read(destination)).toBe("self=10.0.0.1\nweb-1=10.0.0.1\n");
    bench.setMember({ name: "web-2", address: "10.0.0.2" });
    bench.setMember({ name: "web-1", status: "failed" });
    await bench.advance(199);
    expect(read(destination)).toContain("web-1");
    await bench.advance(1);
    expect(read(destination)).toBe("self=10.0.0.1\nweb-2=10.0.0.2\n");
    expect(bench.commands).toHaveLength(2);
    expect(bench.status).toBe("1 file");
  });

  test("waits no longer than the maximum, however often members change", async () => {
    const destination = join(folder(), "list");
    const bench = await started({ templates: [{ text: list, destination }], quiet: "1s", wait_max: "2s" });
    for (let change = 0; change < 5; change++) {
      bench.setMember({ name: `n${change}` });
      await bench.advance(500);
    }
    expect(read(destination)).toContain("n3");
  });

  test("that gives the same content is not written, and nothing is reloaded", async () => {
    const path = folder();
    const destination = join(path, "list");
    writeFileSync(destination, "self=10.0.0.1\nweb-1=10.0.0.1\n");
    const before = statSync(destination);
    const bench = await started({ templates: [{ text: list, destination, check: "false", reload: "false" }] });
    bench.setMember({ name: "web-1", tags: { a: "b" } });
    await bench.advance(1000);
    expect(bench.commands).toEqual([]);
    expect([statSync(destination).ino, statSync(destination).mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(readdirSync(path)).toEqual(["list"]);
  });

  test("comes from a file, which is read again on SIGHUP", async () => {
    const path = folder();
    const [source, destination] = [join(path, "list.hbs"), join(path, "list")];
    writeFileSync(source, "{{count alive}}");
    const bench = await started({ templates: [{ source, destination }] });
    expect(read(destination)).toBe("2");
    writeFileSync(source, "{{count alive}} members");
    bench.signal("SIGHUP");
    await bench.advance(200);
    expect(read(destination)).toBe("2 members");
  });

  test("has the owner and the mode it is told", async () => {
    const destination = join(folder(), "list");
    const user = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
    const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();
    const bench = await started({ templates: [{ text: list, destination, owner: `${user}:${group}`, mode: "0640" }] });
    expect([statSync(destination).mode & 0o777, bench.problem]).toEqual([0o640, undefined]);
  });

  test("for a user who is not there is a problem, and not written", async () => {
    const destination = join(folder(), "list");
    const bench = await started({ templates: [{ text: list, destination, owner: "no-such-user" }] });
    expect(bench.problem).toBe(`${destination}: there is no user "no-such-user" on this machine`);
    expect(existsSync(destination)).toBe(false);
  });
});

describe("a check", () => {
  test.each(["grep -q self {{file}}", 'grep -q self "{{ file }}"', 'grep -q self "$FILE"'])(
    "sees the new content in a file of its own: %s",
    async (check) => {
      const destination = join(folder(), "a list with ' and \"");
      const bench = await started({ templates: [{ text: list, destination, check }] });
      expect([bench.problem, read(destination)]).toEqual([undefined, "self=10.0.0.1\nweb-1=10.0.0.1\n"]);
    },
  );

  test("that fails keeps the old file, says why, reloads nothing, and is made again", async () => {
    const path = folder();
    const [destination, fine] = [join(path, "list"), join(path, "fine")];
    writeFileSync(destination, "old\n");
    const check = `test -e '${fine}' || { echo 'line 1: bad word' >&2; exit 3; }`;
    const bench = await started({ templates: [{ text: list, destination, check, reload: "true" }], start_wait: "0s" });
    expect(bench.problem).toBe(`${destination}: the check refuses the new content: line 1: bad word (exit code 3)`);
    expect([read(destination), readdirSync(path)]).toEqual(["old\n", ["list"]]);
    await bench.advance(1_000);
    writeFileSync(fine, "");
    await bench.advance(10_200);
    expect([bench.problem, read(destination)]).toEqual([undefined, "self=10.0.0.1\nweb-1=10.0.0.1\n"]);
  });

  test("is not reached by a template that cannot be rendered; the others are written", async () => {
    const path = folder();
    const [destination, other] = [join(path, "list"), join(path, "other")];
    writeFileSync(destination, "old\n");
    const text = "{{#each alive}}{{tags.port}}{{/each}}";
    const templates = [
      { text, destination },
      { text: "fine", destination: other },
    ];
    const bench = await started({ templates });
    expect(bench.problem).toContain(`${destination}: template: line 1: there is no variable, tag or helper "port"`);
    expect([read(destination), read(other)]).toEqual(["old\n", "fine"]);
    bench.setMember({ name: "self", tags: { port: "1" } });
    bench.setMember({ name: "web-1", tags: { port: "2" } });
    await bench.advance(200);
    expect([bench.problem, read(destination)]).toEqual([undefined, "12"]);
  });
});

describe("a reload", () => {
  test("that fails is made again, though the file is in place", async () => {
    const path = folder();
    const [destination, fine] = [join(path, "list"), join(path, "fine")];
    const reload = `test -e '${fine}' && echo "$FILE" >> '${join(path, "reloads")}'`;
    const bench = await started({ templates: [{ text: "x", destination, reload }], start_wait: "0s" });
    expect(bench.problem).toBe(`${destination}: written, but the reload failed: exit code 1`);
    await bench.advance(1_000);
    writeFileSync(fine, "");
    await bench.advance(10_200);
    expect([bench.problem, read(join(path, "reloads"))]).toEqual([undefined, `${destination}\n`]);
  });

  test("can be a signal to the process of a file", async () => {
    const path = folder();
    const [destination, pidFile, script] = [join(path, "list"), join(path, "pid"), join(path, "reader")];
    writeFileSync(
      script,
      `#!/bin/sh\ntrap 'echo told; exit' HUP\necho $$ > '${pidFile}'\nwhile :; do sleep 0.05; done\n`,
    );
    chmodSync(script, 0o755);
    const reader = execFile(script);
    await expect.poll(() => existsSync(pidFile) && read(pidFile) !== "").toBe(true);
    const bench = await started({ templates: [{ text: "x", destination, signal: "HUP", pid_file: pidFile }] });
    expect(bench.problem).toBeUndefined();
    expect(await reader).toBe("told\n");
    bench.setMember({ name: "web-2" });
    await bench.advance(200);
    expect(bench.problem).toBeUndefined();
  });

  test.each([
    ["", 'holds no number of a process: ""'],
    ["1", "holds no number of a process"],
    ["-1", "holds no number of a process"],
    ["4194000", "does not run"],
  ])("by a signal is a problem where the file holds %j", async (pid, problem) => {
    const path = folder();
    const [destination, pidFile] = [join(path, "list"), join(path, "pid")];
    writeFileSync(pidFile, pid);
    // Even a broken plugin is not to signal the first process, or all of them.
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("no such process"), { code: "ESRCH" });
    });
    const bench = await started({ templates: [{ text: "x", destination, signal: "SIGHUP", pid_file: pidFile }] });
    const signalled = kill.mock.calls.map(([target]) => target);
    kill.mockRestore();
    expect(bench.problem).toContain(problem);
    expect(signalled).toEqual(pid === "4194000" ? [4194000] : []);
  });
});

describe("after the start of an agent that knows nobody yet", () => {
  test("a file from before is left alone until somebody is found", async () => {
    const destination = join(folder(), "list");
    writeFileSync(destination, "web-1=10.0.0.1\n");
    const bench = await started({ templates: [{ text: list, destination }] }, { members: [] });
    await bench.advance(9_000);
    expect(read(destination)).toBe("web-1=10.0.0.1\n");
    bench.setMember({ name: "web-1" });
    await bench.advance(200);
    expect(read(destination)).toBe("self=10.0.0.1\nweb-1=10.0.0.1\n");
  });

  test("or until it has waited long enough", async () => {
    const destination = join(folder(), "list");
    writeFileSync(destination, "web-1=10.0.0.1\n");
    const bench = await started({ templates: [{ text: list, destination }] }, { members: [] });
    await bench.advance(10_200);
    expect(read(destination)).toBe("self=10.0.0.1\n");
  });
});

describe("options", () => {
  const destination = "/tmp/x";
  test.each([
    [{ templates: [{ destination: "x", text: "y" }] }, 'destination must be an absolute path, is "x"'],
    [{ templates: [{ destination }] }, "/tmp/x: give either source or text"],
    [{ templates: [{ destination, text: "a", source: "/b" }] }, "/tmp/x: give either source or text"],
    [{ templates: [{ destination, source: "b" }] }, '/tmp/x: source must be an absolute path, is "b"'],
    [{ templates: [{ destination, text: "\n{{#if}" }] }, "/tmp/x: line 2: found what does not belong there"],
    [{ templates: [{ destination, text: "a", signal: "HUP" }] }, "/tmp/x: signal and pid_file go together"],
    [{ templates: [{ destination, text: "a", signal: "HOP", pid_file: "/p" }] }, '/tmp/x: there is no signal "HOP"'],
    [{ templates: [{ destination, text: "a", mode: "rw" }] }, "must be three or four octal digits"],
    [{ templates: [{ destination, txt: "a" }] }, 'did you mean "text"?'],
    [
      {
        templates: [
          { destination, text: "a" },
          { destination, text: "b" },
        ],
      },
      "two templates have the destination /tmp/x",
    ],
  ])("%j are refused", (fileOptions, message) => {
    expect(() => createPluginBench(plugin, { fileOptions })).toThrow(message);
  });
});

describe("a dry run", () => {
  test("shows content and difference, and writes nothing", async () => {
    const path = folder();
    const [destination, other] = [join(path, "list"), join(path, "sub", "other")];
    writeFileSync(destination, "a\nb\n");
    const templates = [
      { text: "a\n{{self.name}}", destination, check: "false" },
      { text: "x\n", destination: other },
    ];
    const bench = await started({ templates });
    expect(await bench.action("render")).toBe(
      `==> ${destination} would become\na\nself\n==> ${destination} would change by\n` +
        `--- ${destination}\tnow\n+++ ${destination}\trendered\n@@ -1,2 +1,2 @@\n a\n-b\n+self\n\\ No newline at end of file\n` +
        `\n==> ${other} would be new\nx\n`,
    );
    expect(await bench.action("render", other)).toBe(`==> ${other} would be new\nx\n`);
    expect([read(destination), existsSync(other)]).toEqual(["a\nb\n", false]);
  });

  test("takes any file as a template, and names the line of a mistake", async () => {
    const source = join(folder(), "try.hbs");
    writeFileSync(source, "{{count alive}}\n");
    const bench = await started({});
    expect(await bench.action("render", source)).toBe("2\n");
    writeFileSync(source, "\n{{cuont alive}}\n");
    await expect(bench.action("render", source)).rejects.toThrow(`${source}: line 2: `);
    await expect(bench.action("render", "try.hbs")).rejects.toThrow("no absolute path");
    expect(await bench.action("render")).toContain("There are no templates");
  });
});

describe("for other plugins", () => {
  test("it renders with their data, writes once, and keeps files up to date until told not to", async () => {
    const path = folder();
    const [once, kept] = [join(path, "once"), join(path, "kept")];
    const bench = await started({});
    const text = "{{#each pools}}{{name}} {{@root.self.name}}{{/each}}";
    expect(await bench.call("render", { text, data: { pools: [{ name: "p" }] } })).toBe("p self");
    expect(await bench.call("write", { text: "1", destination: once })).toEqual({ kind: "written" });
    expect(await bench.call("write", { text: "1", destination: once })).toEqual({ kind: "unchanged" });
    expect(await bench.call("write", { text: "2", destination: once, check: "echo no; exit 1" })).toEqual({
      kind: "failed",
      problem: `${once}: the check refuses the new content: no (exit code 1)`,
      isWritten: false,
    });
    expect(await bench.call("add", { text: "{{count alive}}", destination: kept }, "web")).toEqual({ kind: "written" });
    await expect(bench.call("add", { text: "", destination: kept }, "web")).rejects.toThrow("either source or text");
    await expect(bench.call("add", { text: "x", destination: kept }, "api")).rejects.toThrow(
      "is written for web already",
    );
    bench.setMember({ name: "web-2" });
    await bench.advance(200);
    expect([read(once), read(kept), bench.status]).toEqual(["1", "3", "1 file"]);
    await bench.call("remove", kept);
    bench.setMember({ name: "web-3" });
    await bench.advance(200);
    expect([read(kept), bench.status]).toEqual(["3", "0 files"]);
  });
});

/** Runs it to its end, and gives what it printed. */
function execFile(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    runFile(path, { timeout: 20_000 }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}
