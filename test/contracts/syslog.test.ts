/** The log on its way to a syslog daemon: a real datagram socket, and the real logger(1). */

import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSyslog, type Syslog, type SyslogOptions } from "../../src/agent/syslog.ts";
import { requirePeer } from "../support/peers.ts";
import { RunningProcess } from "../support/processes.ts";

const socat = requirePeer("socat");
const soon = { timeout: 10_000, interval: 10 };

let folder = "";
const closers: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-syslog-"));
  closers.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a daemon at `path` is sent, time and process left out. */
async function startDaemon(path: string) {
  const process = new RunningProcess(socat ?? "socat", ["-u", `UNIX-RECV:${path},unlink-early`, "STDOUT"], {
    title: "syslog daemon",
  });
  closers.push(() => process.kill());
  await expect.poll(() => existsSync(path), soon).toBe(true);
  const received = () =>
    process.stdout
      .replaceAll(/(?=<\d+>[A-Z][a-z]{2} )/g, "\n")
      .trim()
      .split("\n");
  return { received, lines: () => received().map((line) => line.replace(/>.{15} /, ">")) };
}

function open(options: Partial<SyslogOptions> = {}): { syslog: Syslog; complaints: string[] } {
  const complaints: string[] = [];
  const complain = (problem: string) => void complaints.push(problem);
  const syslog = openSyslog({ facility: "LOCAL0", complain, socketPaths: [join(folder, "log")], ...options });
  closers.push(() => syslog.close());
  return { syslog, complaints };
}

/** A logger(1) as others have it: it knows only -t and -p, and keeps what it is given in a file. */
function writePlainLogger(): string {
  const program = join(folder, "logger");
  const script = [
    "#!/bin/sh",
    '[ "$1" = -t ] && [ "$3" = -p ] || exit 1',
    `while read -r line; do echo "$2 $4 $line" >>'${folder}/lines'; done`,
  ];
  writeFileSync(program, `${script.join("\n")}\n`);
  chmodSync(program, 0o755);
  return program;
}

describe.skipIf(socat === undefined)("a syslog daemon", () => {
  test("is sent each line as serf, with this process, facility and the severity of its level, in order", async () => {
    const daemon = await startDaemon(join(folder, "log"));
    const { syslog } = open();
    for (const level of ["TRACE", "DEBUG", "INFO", "WARN", "ERR"] as const) syslog.write(level, `agent: ${level}`);
    const expected = [
      `<135>serf[${process.pid}]: agent: TRACE`,
      `<134>serf[${process.pid}]: agent: DEBUG`,
      `<133>serf[${process.pid}]: agent: INFO`,
      `<132>serf[${process.pid}]: agent: WARN`,
      `<131>serf[${process.pid}]: agent: ERR`,
    ];
    await expect.poll(daemon.lines, soon).toEqual(expected);
    expect(daemon.received()[0]).toMatch(/^<135>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d serf/);
  });

  test("gets one line for each message, whatever the names of peers in it hold", async () => {
    const daemon = await startDaemon(join(folder, "log"));
    const { syslog } = open({ facility: "DAEMON" });
    syslog.write("INFO", "serf: joined: a\n<0>all is lost\n");
    await syslog.close();
    await expect.poll(daemon.lines, soon).toEqual([`<29>serf[${process.pid}]: serf: joined: a\\n<0>all is lost`]);
  });

  test("is found again after it was gone, and what was lost is told", async () => {
    const path = join(folder, "log");
    await startDaemon(path);
    const { syslog, complaints } = open();
    await closers.splice(1, 1)[0]?.();
    rmSync(path, { force: true });
    const daemon = await startDaemon(path);
    const again = () => {
      syslog.write("INFO", "again");
      return daemon.lines().at(-1);
    };
    await expect.poll(again, { ...soon, interval: 100 }).toBe(`<133>serf[${process.pid}]: again`);
    expect(complaints.length).toBeLessThanOrEqual(3);
  });
});

describe("a logger(1) without the options of util-linux", () => {
  test("is run once for each level, with this process in its tag", async () => {
    // It finds the daemon by itself; that there is one is all that is looked at.
    const daemon = createServer().listen(join(folder, "log"));
    closers.push(() => daemon.close());
    await once(daemon, "listening");
    const { syslog } = open({ program: writePlainLogger(), facility: "LOCAL3" });
    syslog.write("INFO", "one");
    syslog.write("ERR", "two");
    syslog.write("INFO", "three");
    await syslog.close();
    const tag = `serf[${process.pid}]`;
    expect(readFileSync(join(folder, "lines"), "utf8").trimEnd().split("\n").sort()).toEqual([
      `${tag} local3.err two`,
      `${tag} local3.notice one`,
      `${tag} local3.notice three`,
    ]);
  });

  test("that ends is started again, and what was lost meanwhile is counted", async () => {
    const daemon = createServer().listen(join(folder, "log"));
    closers.push(() => daemon.close());
    await once(daemon, "listening");
    const program = join(folder, "logger");
    writeFileSync(program, `#!/bin/sh\n[ "$1" = -t ] || exit 0\nread -r line; echo "$line" >>'${folder}/lines'\n`);
    chmodSync(program, 0o755);
    const { syslog, complaints } = open({ program });
    const lines = () => readFileSync(join(folder, "lines"), "utf8").trimEnd().split("\n");
    syslog.write("INFO", "first");
    await expect.poll(() => complaints, soon).toEqual([`${program} ended`]);
    const again = () => {
      syslog.write("INFO", "again");
      return lines();
    };
    await expect.poll(again, soon).toContain("again");
    expect(complaints.slice(1, 3)).toEqual([
      `${program} takes no lines, they are dropped`,
      expect.stringMatching(/^\d+ lines were dropped$/),
    ]);
  });

  test("that keeps ending costs nobody anything, and its end is told once", async () => {
    const daemon = createServer().listen(join(folder, "log"));
    closers.push(() => daemon.close());
    await once(daemon, "listening");
    const program = join(folder, "logger");
    writeFileSync(program, "#!/bin/sh\necho 'out of order' >&2\nexit 1\n");
    chmodSync(program, 0o755);
    const { syslog, complaints } = open({ program });
    syslog.write("INFO", "one");
    await expect.poll(() => complaints, soon).toEqual([`${program} ended: out of order`]);
    for (let i = 0; i < 1_000; i++) syslog.write("INFO", "more");
    expect(complaints).toEqual([`${program} ended: out of order`, `${program} takes no lines, they are dropped`]);
  });
});

describe("a syslog that cannot be had", () => {
  test("for want of a daemon is told with the places looked at", () => {
    expect(() => open({ socketPaths: ["/nowhere/log", folder] })).toThrow(
      `Syslog setup failed: no syslog daemon listens at /nowhere/log, ${folder}`,
    );
  });
});
