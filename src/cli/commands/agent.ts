import { hostname } from "node:os";
import { resolveNetwork } from "../../agent/addresses.ts";
import type { Agent } from "../../agent/agent.ts";
import { type AgentLog, openAgentLog } from "../../agent/agent-log.ts";
import { type AgentConfig, loadConfig, needsRestart } from "../../agent/config.ts";
import { joinErrorText } from "../../agent/face.ts";
import { agentOptions } from "../../agent/options.ts";
import { PersistentJoin } from "../../agent/persistent-join.ts";
import { rehearse } from "../../agent/rehearsal.ts";
import { startAgent } from "../../agent/start-agent.ts";
import { superviseAgent } from "../../agent/supervisor.ts";
import { formatEndpoint } from "../../base/address.ts";
import { messageOf, SerfError } from "../../base/errors.ts";
import type { Option, OptionSource } from "../../base/options.ts";
import { startPlugins } from "../agent-plugins.ts";
import { Banner } from "../banner.ts";
import { defineCommand, type Terminal } from "../command.ts";
import { EarlySignals } from "../early-signals.ts";

export const agentCommand = defineCommand({
  name: "agent",
  usage: "[options]",
  synopsis: "Runs a Serf agent",
  description: [
    "Runs a member of a cluster until it is told to leave: by `serf leave`, or by a signal. Ctrl-C leaves gracefully; a second one ends the agent at once. SIGHUP reads the configuration files again and takes over log level, event handlers, tags, dissemination, what signals mean, and members to join by -retry-join.",
    "Each option can also be set in a JSON file, and in the environment as SERF_ and its key in a file in upper case: -node is SERF_NODE_NAME, -join is SERF_START_JOIN. Flags win over the environment, and that over files. docs/CONFIG.md lists them all.",
    `Only in files and the environment: ${keysWithoutFlag().join(", ")}.`,
    "An event handler is `script`, which is run for every event, or `filter=script`. A filter is a list of these, with commas between: member-join, member-leave, member-failed, member-update, member-reap, user, user:NAME, query, query:NAME, or * for every event. Time limits and more are set by a JSON object in its place, see docs/HANDLERS.md.",
    "A script is run by the shell. It finds the event in SERF_EVENT, SERF_USER_EVENT and SERF_USER_LTIME, this node in SERF_SELF_NAME, SERF_SELF_ROLE and SERF_TAG_*, and reads the payload of a user event, or a line for each member (name, address, role, tags, with tabs between), from its standard input.",
  ],
  example: "agent -node web-1 -tag role=web -join 10.0.0.10",
  options: agentOptions,
  run: ({ given }, terminal) => runAgent({ flags: given, environment: terminal.environment }, new Banner(terminal)),
});

function keysWithoutFlag(): readonly string[] {
  const options: readonly Option<unknown>[] = Object.values(agentOptions);
  return options.flatMap(({ key, flag }) => (key === undefined || flag !== undefined ? [] : [key]));
}

/** What the start has to print and to answer goes first. */
const rehearsalDelayMs = 100;

/** Where options come from besides files. */
interface Given {
  readonly flags: OptionSource;
  readonly environment: Terminal["environment"];
}

async function runAgent(given: Given, banner: Banner): Promise<number> {
  let config: AgentConfig;
  let agent: Agent;
  let log: AgentLog | undefined;
  let signals: EarlySignals;
  process.on("exit", () => banner.flush());
  // So that a mistake in the rest is told in that format too.
  if ((given.flags["logFormat"] ?? given.environment["SERF_LOG_FORMAT"]) === "json") banner.useFormat("json");
  try {
    config = loadAndNotify(given, banner);
    // Scripts and plugins inherit the environment, and none of them needs it.
    delete process.env["SERF_ENCRYPT_KEY"];
    log = openAgentLog(config, (line) => banner.logLine(line));
    // Nothing but log lines is printed then, so there is nothing to keep apart.
    if (config.logFormat === "json") log.release();
    const network = await resolveNetwork(config);
    for (const notice of network.notices) banner.say(notice, "WARN");
    banner.say("Starting Serf agent...");
    signals = new EarlySignals();
    agent = await startAgent(config, network, log);
  } catch (error) {
    banner.say(explain(error), "ERR");
    await log?.close();
    return 1;
  }
  // If nobody reads the log any more, the agent ends without leaving, which a supervisor ought to see.
  process.exitCode = 1;
  process.on("SIGUSR1", () => process.stderr.write(agent.renderTelemetry()));
  describeAgent(agent, config, banner);
  // A join takes its time, and has nothing to clean up.
  if (config.startJoin.length > 0) signals.letGo();
  const exitCode = (await joinAtStart(agent, config, banner))
    ? await stayUntilEnd(agent, config, log, given, banner, signals)
    : 1;
  await agent.shutdown();
  await log.close();
  return endProcess(exitCode, banner);
}

/** At once, whatever is still pending: a name that is being looked up, or what remains of a leave that was cut short. */
async function endProcess(exitCode: number, banner: Banner): Promise<never> {
  await banner.flushed();
  process.exit(exitCode);
}

function loadAndNotify({ flags, environment }: Given, banner: Banner): AgentConfig {
  const { config, notices } = loadConfig(flags, hostname(), environment);
  banner.useFormat(config.logFormat);
  for (const notice of notices) banner.say(notice, "WARN");
  return config;
}

function describeAgent(agent: Agent, config: AgentConfig, banner: Banner): void {
  banner.say("Starting Serf agent RPC...");
  banner.say("Serf agent running!");
  const details: readonly (readonly [what: string, value: unknown])[] = [
    ["Node name", `'${config.nodeName}'`],
    ["Bind addr", `'${formatEndpoint(agent.bound)}'`],
    ...(config.advertise === "" ? [] : [["Advertise addr", `'${formatEndpoint(agent.advertised)}'`] as const]),
    ["RPC addr", `'${agent.rpcAddress}'`],
    ["Encrypted", agent.serf.encrypted],
    ["Snapshot", config.snapshotPath !== ""],
    ["Profile", config.profile],
    ["Message Compression Enabled", config.compression],
    ...(config.discover === "" ? [] : [["mDNS cluster", config.discover] as const]),
  ];
  for (const [what, value] of details) banner.detail(`${what.padStart(27)}: ${value}`);
}

/** Whether the agent may go on: it is asked to join nobody, or somebody answered. */
async function joinAtStart(agent: Agent, { startJoin, replay }: AgentConfig, banner: Banner): Promise<boolean> {
  if (startJoin.length === 0) return true;
  banner.say(`Joining cluster...(replay: ${replay})`);
  const outcome = await agent.join(startJoin, replay);
  const problem = joinErrorText(outcome);
  if (problem === "") banner.detail(`Join completed. Synced with ${outcome.joined} initial agents`);
  else banner.say(problem, "ERR");
  return problem === "";
}

/** Shows the log, keeps trying -retry-join, runs the plugins, and resolves to the exit code. */
async function stayUntilEnd(
  agent: Agent,
  config: AgentConfig,
  log: AgentLog,
  given: Given,
  banner: Banner,
  signals: EarlySignals,
) {
  banner.detail("");
  banner.say("Log data will now stream in as it occurs:\n");
  log.release();
  setTimeout(() => rehearseQuietly(config, log), rehearsalDelayMs).unref();
  const joining = new PersistentJoin((addresses, replay) => agent.join(addresses, replay), log);
  joining.follow(config);
  const plugins = startPlugins(agent, config, log);
  const exitCode = await superviseAgent({
    agent,
    onSignal: (receive) => signals.handTo(receive),
    gaveUp: joining.gaveUp,
    reload: async () => {
      const next = loadAgain(config, given, banner);
      if (next === undefined) return;
      log.setLevel(next.logLevel);
      joining.follow(next);
      await agent.reload(next).catch((error: unknown) => banner.say(`Failed to update tags: ${explain(error)}`));
      await plugins.reload();
    },
    say: (text) => banner.say(text),
  });
  joining.stop();
  await plugins.stop();
  return exitCode;
}

function rehearseQuietly(config: AgentConfig, log: AgentLog): void {
  rehearse(config).catch((error: unknown) => log.log("DEBUG", `agent: rehearsal failed: ${messageOf(error)}`));
}

/** What the files say now, or nothing where they have a mistake: the agent then goes on as it was. */
function loadAgain(started: AgentConfig, given: Given, banner: Banner): AgentConfig | undefined {
  banner.say("Reloading configuration...");
  try {
    const config = loadAndNotify(given, banner);
    const late = needsRestart(started, config);
    if (late.length > 0) banner.say(`Warning: changes of ${late.join(", ")} count from the next start on`, "WARN");
    return config;
  } catch (error) {
    banner.say(explain(error), "ERR");
    banner.say("Failed to reload configs", "ERR");
    return undefined;
  }
}

/** What the operator did wrong, in one line; our own bugs keep their stack. */
function explain(error: unknown): string {
  if (error instanceof SerfError) return error.message;
  throw error;
}
