/** User events sent by one running agent after another, at a steady rate. */

import { sleep } from "../support/wait-for.ts";
import type { Ledger } from "./ledger.ts";
import type { Machine } from "./machine.ts";

const tickMs = 50;
/** Events that no agent has answered for yet; beyond them the flow holds its breath. */
const underWayMax = 2_000;
const payload = "some forty bytes, as events of this size";

export class EventFlow {
  refused = 0;
  private readonly ledger: Ledger;
  private readonly machines: readonly Machine[];
  private readonly perSecond: number;
  private underWay = 0;
  private turn = 0;
  private isRunning = true;
  private readonly finished: Promise<void>;

  constructor(machines: readonly Machine[], perSecond: number, ledger: Ledger) {
    this.ledger = ledger;
    this.machines = machines;
    this.perSecond = perSecond;
    this.finished = this.run();
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.finished;
  }

  private async run(): Promise<void> {
    const startedAtMs = performance.now();
    for (let sent = 0; this.isRunning; await sleep(tickMs)) {
      const due = Math.floor(((performance.now() - startedAtMs) / 1000) * this.perSecond);
      for (; sent < due; sent++) this.sendOne();
    }
  }

  /** By the next agent that runs; one that is stopped or dead is left out. */
  private sendOne(): void {
    const running = this.machines.filter(({ state, client }) => state === "running" && client !== undefined);
    const machine = running[this.turn++ % Math.max(1, running.length)];
    if (machine?.client === undefined || this.underWay >= underWayMax) return;
    const event = this.ledger.newEvent(machine.name);
    this.underWay += 1;
    machine.client
      .userEvent(event.name, payload, { coalesce: false })
      .then(
        () => event.accept(),
        () => {
          this.refused += 1;
        },
      )
      .finally(() => {
        this.underWay -= 1;
      });
  }
}
