/** What an operator sees and holds an agent by: configuration files, RPC, log and measurements. */

import type { LogLevel } from "../../base/host.ts";
import { logLevels, parseLogLevel } from "../../base/log-level.ts";
import {
  boolean,
  choice,
  durationMs,
  type OptionDeclarations,
  type OptionType,
  text,
  texts,
} from "../../base/options.ts";
import { rpcAddressDefault } from "../../rpc/address.ts";
import { type SyslogFacility, syslogFacilities } from "../syslog-facility.ts";

export const operationOptions = {
  configPaths: {
    type: texts(),
    default: [],
    doc: "A JSON file to read options from, or a directory whose .json files are read in alphabetical order; may be given several times. Later files win over earlier ones.",
    flag: "config-file",
    suggests: "files",
    flagAlias: "config-dir",
    variable: "SERF_CONFIG_FILE",
  },
  rpcAddress: {
    type: text(),
    default: rpcAddressDefault,
    doc: "Address at which the agent listens for commands: host:port, or unix:///path for a socket that only its user can open. Whoever reaches it controls the agent: set rpc_auth if that is more than this machine. The commands read SERF_RPC_ADDR too.",
    flag: "rpc-addr",
    key: "rpc_addr",
  },
  rpcAuthKey: {
    type: { ...text(), isSecret: true },
    default: "",
    doc: "What a client must present before the agent takes its commands. Without it nothing is asked for. The commands read SERF_RPC_AUTH too.",
    key: "rpc_auth",
  },
  rpcAuthTimeoutMs: {
    type: durationMs(100, 3_600_000),
    default: 10_000,
    doc: "How long a client may take from its connection to the end of handshake and authentication; then it is closed. At most 64 such connections are open at a time, so a longer time lets idle strangers keep clients out for longer.",
    key: "rpc_auth_timeout",
  },
  msgpackUseNewTimeFormat: {
    type: boolean(),
    default: false,
    doc: "Taken for the sake of files written for HashiCorp's agent. It says how RPC writes points in time, and no message of RPC holds one.",
    key: "msgpackusenewtimeformat",
  },
  logLevel: {
    type: logLevel(),
    default: "INFO",
    doc: "The least severe lines to print: trace, debug, info, warn or err. `serf monitor` sees any level whatever is set here.",
    flag: "log-level",
    key: "log_level",
    reloads: true,
  },
  logFormat: {
    type: choice("text", "json"),
    default: "text",
    doc: "How to print the log: as text, or as one JSON object a line.",
    flag: "log-format",
    key: "log_format",
  },
  enableSyslog: {
    type: boolean(),
    default: false,
    doc: "Send the log also to syslog, as `serf`, from the level of -log-level on.",
    flag: "syslog",
    key: "enable_syslog",
  },
  syslogFacility: {
    type: syslogFacility(),
    default: "LOCAL0",
    doc: "Syslog facility to log under, in any case of letters.",
    key: "syslog_facility",
  },
  pluginDir: {
    type: text(),
    default: "",
    doc: "Directory in which the agent keeps its plugins, a JSON file each. Without it that is `plugins` in the first -config-dir, or beside the first -config-file; without any of these, plugins are forgotten when the agent ends.",
    flag: "plugin-dir",
    key: "plugin_dir",
    suggests: "folders",
  },
  statsdAddress: {
    type: text(),
    default: "",
    doc: "Address, host:port, of a statsd server to send measurements to, over UDP.",
    key: "statsd_addr",
  },
  statsiteAddress: {
    type: text(),
    default: "",
    doc: "Address, host:port, of a statsite server to send measurements to, over TCP.",
    key: "statsite_addr",
  },
} as const satisfies OptionDeclarations;

function logLevel(): OptionType<LogLevel> {
  return {
    name: logLevels.join(" | ").toLowerCase(),
    check: (value) => {
      const level = typeof value === "string" ? parseLogLevel(value) : undefined;
      return level === undefined
        ? { problem: `must be one of ${logLevels.join(", ")}, is ${JSON.stringify(value)}` }
        : { value: level };
    },
    readText: (given) => ({ value: given }),
  };
}

function syslogFacility(): OptionType<SyslogFacility> {
  const names = Object.keys(syslogFacilities);
  return {
    name: "syslog facility",
    range: names.join(" "),
    check: (value) => {
      const name = typeof value === "string" ? value.toUpperCase() : "";
      return Object.hasOwn(syslogFacilities, name)
        ? { value: name as SyslogFacility }
        : { problem: `must be one of ${names.join(", ")}, is ${JSON.stringify(value)}` };
    },
    readText: (given) => ({ value: given }),
  };
}
