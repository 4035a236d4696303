import { hostname } from "node:os";
import { resolveNetwork } from "./addresses.ts";
import type { Agent } from "./agent.ts";
import { openAgentLog } from "./agent-log.ts";
import { loadConfig } from "./config.ts";
import type { AgentOptions } from "./options.ts";
import { startAgent } from "./start-agent.ts";

/** What an agent in a program may use of it. */
export interface CreateAgentSurroundings {
  /** Takes each log line of `logLevel` and above. Without it they are only kept for those who monitor. */
  readonly printLine?: (line: string) => void;
}

/**
 * Runs an agent inside this program, with the options that `serf agent` has; joining, retrying, signals and the environment are
 * the program's own affair. Rejects with a SerfError whose message says what is wrong and where; then nothing is left running.
 */
export async function createAgent(
  options: Partial<AgentOptions> = {},
  { printLine = () => undefined }: CreateAgentSurroundings = {},
): Promise<Agent> {
  const { config, notices } = loadConfig(options, hostname());
  const log = openAgentLog(config, printLine);
  log.release();
  try {
    const network = await resolveNetwork(config);
    for (const notice of [...notices, ...network.notices]) log.log("WARN", `agent: ${notice}`);
    const agent = await startAgent(config, network, log);
    void agent.ended.then(() => log.close());
    return agent;
  } catch (error) {
    await log.close();
    throw error;
  }
}
