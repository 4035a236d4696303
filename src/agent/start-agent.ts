import { createNodeHost } from "../host/node-host.ts";
import { type AgentNetwork, decideAdvertised, isOutOfReach } from "./addresses.ts";
import { Agent, type AgentLogs, type AgentSurroundings } from "./agent.ts";
import type { AgentCompany } from "./company.ts";
import type { AgentConfig } from "./config.ts";
import { orExplain } from "./explain.ts";
import { shareOpenFiles } from "./open-files.ts";
import { type RestoredState, restoreState } from "./state-files.ts";
import { startTelemetry } from "./telemetry.ts";

/**
 * Binds all sockets, then starts the node. If a port is taken or an option is refused, it rejects with a SerfError whose message is
 * for the operator; then nothing is left running, and no other member was told anything.
 */
export async function startAgent(
  config: AgentConfig,
  network: AgentNetwork,
  logs: AgentLogs,
  company?: AgentCompany,
): Promise<Agent> {
  const restored = await orExplain("Failed to setup the Serf agent", async () => restoreState(config, logs));
  logs.log("INFO", "agent: Serf agent starting");
  const telemetry =
    company?.telemetry ?? (await orExplain("Failed to start telemetry", async () => startTelemetry(config, logs)));
  try {
    return await startNode(config, restored, network, { logs, telemetry, company });
  } catch (error) {
    await telemetry.close();
    throw error;
  }
}

async function startNode(
  config: AgentConfig,
  restored: RestoredState,
  network: AgentNetwork,
  around: Omit<AgentSurroundings, "host">,
): Promise<Agent> {
  const what = "Failed to start the Serf agent";
  const { address: bindAddress, port: bindPort } = network.bind;
  const { logs: logger, telemetry, company } = around;
  const { streams: acceptedStreamsMax } = shareOpenFiles();
  const bound = await orExplain(what, () =>
    createNodeHost({ bindAddress, bindPort, logger, metrics: telemetry.metrics, acceptedStreamsMax }),
  );
  const host = company?.wrapHost(bound) ?? bound;
  try {
    const advertised = decideAdvertised(network, host.transport.bound.port);
    if (isOutOfReach(network, advertised))
      logger.log(
        "WARN",
        `agent: No address of this machine can be reached by others, telling them ${advertised.address}`,
      );
    const agent = await orExplain(
      `${what}: Error creating Serf`,
      async () => new Agent(config, restored, advertised, { ...around, host }),
    );
    await agent.start();
    return agent;
  } catch (error) {
    await host.close();
    throw error;
  }
}
