import type { Agent } from "./agent.ts";
import { sleep } from "./wait-for.ts";

const intervalMs = 250;

/** Sends user events, a few a second, by one agent after another: event-1, event-2 … */
export class EventTrickle {
  /** Names of the events that an agent took. */
  readonly sent: string[] = [];
  /** What agents said of those that they did not take. */
  readonly refused: string[] = [];
  private readonly agents: () => readonly Agent[];
  private isRunning = false;
  private finished: Promise<void> = Promise.resolve();

  /** The agents that are up, asked for anew before each event. */
  constructor(agents: () => readonly Agent[]) {
    this.agents = agents;
  }

  resume(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.finished = this.run();
  }

  /** Resolves once the last event is sent. */
  async pause(): Promise<void> {
    this.isRunning = false;
    await this.finished;
  }

  private async run(): Promise<void> {
    while (this.isRunning) {
      const agents = this.agents();
      const count = this.sent.length + this.refused.length;
      const agent = agents[count % agents.length];
      if (agent !== undefined) await this.send(agent, `event-${count + 1}`);
      await sleep(intervalMs);
    }
  }

  private async send(agent: Agent, name: string): Promise<void> {
    const { code, stdout, stderr } = await agent.command(["event", "-coalesce=false", name, "payload"]);
    if (code === 0) this.sent.push(name);
    else this.refused.push(`${agent.name} ${name}: ${code} ${stdout}${stderr}`);
  }
}
