/** What plugins ask of the agent itself. */

import type { RequestInput } from "../plugins/link.ts";
import type { PluginQueryResult } from "../plugins/plugin.ts";
import type { SentQuery } from "../serf/open-queries.ts";
import type { HostedAgent } from "./hosted-agent.ts";

/** Answers kept of one query; those beyond are not told. */
const answersMax = 16_384;

/** Asks on behalf of one plugin, and stops asking when it ends. */
export class AgentServices {
  private readonly agent: HostedAgent;
  private readonly open = new Set<SentQuery>();

  constructor(agent: HostedAgent) {
    this.agent = agent;
  }

  sendEvent({ name, payload, coalesce }: RequestInput<"send-event">): Promise<void> {
    return this.agent.userEvent(name, payload, coalesce);
  }

  updateTags({ set, remove }: RequestInput<"update-tags">): Promise<void> {
    return this.agent.updateTags(set, remove);
  }

  leave(): Promise<void> {
    return this.agent.leave();
  }

  ask({ name, payload, options }: RequestInput<"ask-query">): Promise<PluginQueryResult> {
    const acks: string[] = [];
    const responses: { from: string; payload: Uint8Array }[] = [];
    return new Promise((resolve) => {
      const sent = this.agent.query(
        name,
        payload,
        { ...options, requestAck: true },
        {
          acked: (from) => void (acks.length < answersMax && acks.push(from)),
          responded: (from, answer) =>
            void (responses.length < answersMax && responses.push({ from, payload: answer })),
          ended: () => {
            this.open.delete(sent);
            resolve({ acks, responses });
          },
        },
      );
      this.open.add(sent);
    });
  }

  stop(): void {
    for (const sent of this.open) sent.stop();
  }
}
