/**
 * The agent's log on its way to the system log. Node cannot open the datagram sockets that syslog daemons listen at, and the modules that
 * can are native code to be compiled at each installation; so the lines go through logger(1), which every system with a syslog has.
 */

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { messageOf, SerfError } from "../base/errors.ts";
import type { LogLevel } from "../base/host.ts";
import { escapeUnprintable } from "../base/unprintable.ts";
import { LoggerProcess } from "./logger-process.ts";
import { type SyslogFacility, syslogFacilities } from "./syslog-facility.ts";

/** Where daemons listen: Linux, macOS, FreeBSD. */
const socketPaths: readonly string[] = ["/dev/log", "/var/run/syslog", "/var/run/log"];
const tag = "serf";
/** Longer lines are cut, as most daemons do it anyway. */
const lineLengthMax = 8_000;

/** The reference's choice, a step milder than the names suggest. */
const severities: Readonly<Record<LogLevel, { readonly number: number; readonly name: string }>> = {
  TRACE: { number: 7, name: "debug" },
  DEBUG: { number: 6, name: "info" },
  INFO: { number: 5, name: "notice" },
  WARN: { number: 4, name: "warning" },
  ERR: { number: 3, name: "err" },
};

export interface Syslog {
  /** Never blocks. Lines that the system log does not take in time are dropped, and `complain` is told. */
  write(level: LogLevel, message: string): void;
  /** Resolves when what was written has been handed over, or after half a second. */
  close(): Promise<void>;
}

export interface SyslogOptions {
  readonly facility: SyslogFacility;
  /** Told of lines that were lost. Must not write to this syslog. */
  readonly complain: (problem: string) => void;
  readonly socketPaths?: readonly string[];
  /** The program to run, logger(1). */
  readonly program?: string;
}

/** Throws SYSLOG_FAILED where there is no daemon, or no logger(1) to reach it by. */
export function openSyslog(options: SyslogOptions): Syslog {
  const { facility, complain, program = "logger" } = options;
  const socketPath = findSocket(options.socketPaths ?? socketPaths);
  return isUtilLinux(program)
    ? openByOneProcess({ program, socketPath, facility, complain })
    : openByOneProcessEach({ program, facility, complain });
}

interface Opening {
  readonly program: string;
  readonly facility: SyslogFacility;
  readonly complain: (problem: string) => void;
}

/** The logger of util-linux takes facility and severity with each line, so that one process keeps all lines in order. */
function openByOneProcess(opening: Opening & { readonly socketPath: string }): Syslog {
  const { program, socketPath, facility, complain } = opening;
  const args = ["-t", tag, `--id=${process.pid}`, "-u", socketPath, "-S", String(2 * lineLengthMax), "--prio-prefix"];
  args.push("--socket-errors=on");
  const { status, stderr } = spawnSync(program, args, { input: "", encoding: "utf8" });
  if (status !== 0) throw failure(stderr.trim());
  const logger = new LoggerProcess(program, args, complain);
  return {
    write: (level, message) =>
      logger.write(`<${8 * syslogFacilities[facility] + severities[level].number}>${inOneLine(message)}\n`),
    close: () => logger.close(),
  };
}

/** Others, of BSD, macOS and Busybox, have one priority a process. Lines of different levels may then change places within a moment. */
function openByOneProcessEach({ program, facility, complain }: Opening): Syslog {
  const loggers = new Map<LogLevel, LoggerProcess>();
  const loggerOf = (level: LogLevel): LoggerProcess => {
    const known = loggers.get(level);
    if (known !== undefined) return known;
    const priority = `${facility.toLowerCase()}.${severities[level].name}`;
    const logger = new LoggerProcess(program, ["-t", `${tag}[${process.pid}]`, "-p", priority], complain);
    loggers.set(level, logger);
    return logger;
  };
  return {
    write: (level, message) => loggerOf(level).write(`${inOneLine(message)}\n`),
    close: async () => {
      await Promise.all([...loggers.values()].map((logger) => logger.close()));
    },
  };
}

function findSocket(paths: readonly string[]): string {
  const found = paths.find((path) => statSync(path, { throwIfNoEntry: false })?.isSocket());
  if (found === undefined) throw failure(`no syslog daemon listens at ${paths.join(", ")}`);
  return found;
}

function isUtilLinux(program: string): boolean {
  const { error, stdout } = spawnSync(program, ["--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (error !== undefined) throw failure(`the program "${program}" is needed: ${messageOf(error)}`);
  return stdout.includes("util-linux");
}

function failure(problem: string): SerfError {
  return new SerfError("SYSLOG_FAILED", `Syslog setup failed: ${problem}`);
}

/** What looks like a priority, or like a further line, must not become one. An empty line would be none at all. */
function inOneLine(message: string): string {
  return escapeUnprintable(message.replace(/\n+$/, "")).slice(0, lineLengthMax) || " ";
}
