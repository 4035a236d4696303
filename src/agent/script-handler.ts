/** Runs the operator's scripts on the events they were chosen for. */

import { formatDuration } from "../base/duration.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger, Metrics } from "../base/host.ts";
import type { QueryEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";
import { type EventScript, matchesEvent } from "./event-filter.ts";
import { respondTo } from "./face.ts";
import { type ScriptRun, type StartedScript, startScript } from "./script-run.ts";

export interface ScriptHandlerOptions {
  readonly scripts: readonly EventScript[];
  /** This node as it is when a script starts. */
  readonly self: () => SerfMember;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How many events may wait for one script; beyond it the oldest are dropped with a warning. */
  readonly queueLengthMax?: number;
  /** A script that takes longer is warned of: what waits for it reacts late. */
  readonly slowMs?: number;
}

/** One script's events: run one after another, in the order in which they happened. */
interface Lane {
  readonly script: string;
  readonly waiting: SerfEvent[];
  dropped: number;
  running: StartedScript | undefined;
}

/**
 * Each script has its own lane: a slow one holds up its own later runs and nobody else's. Two handlers with the same script
 * share a lane, so that this script never runs twice at once.
 */
export class ScriptHandler {
  private scripts: readonly EventScript[];
  private readonly self: () => SerfMember;
  private readonly logger: Logger;
  private readonly metrics: Metrics;
  private readonly queueLengthMax: number;
  private readonly slowMs: number;
  /** Only those that are running; a lane without work is dropped. */
  private readonly lanes = new Map<string, Lane>();

  constructor({ scripts, self, logger, metrics, queueLengthMax = 1024, slowMs = 1000 }: ScriptHandlerOptions) {
    this.scripts = scripts;
    this.self = self;
    this.logger = logger;
    this.metrics = metrics;
    this.queueLengthMax = queueLengthMax;
    this.slowMs = slowMs;
  }

  /** For events from now on. What already waits still runs. */
  setScripts(scripts: readonly EventScript[]): void {
    this.scripts = scripts;
  }

  handle(event: SerfEvent): void {
    for (const { filter, script } of this.scripts) {
      if (matchesEvent(filter, event)) this.enqueue(script, event);
    }
  }

  /** Forgets what waits. A script that is running goes on, and nobody waits for it. */
  stop(): void {
    this.scripts = [];
    for (const lane of this.lanes.values()) {
      lane.waiting.length = 0;
      lane.running?.unref();
    }
  }

  private enqueue(script: string, event: SerfEvent): void {
    const known = this.lanes.get(script);
    const lane: Lane = known ?? { script, waiting: [], dropped: 0, running: undefined };
    lane.waiting.push(event);
    if (lane.waiting.length > this.queueLengthMax) {
      // The newest events say most about how things are by the time the script gets to them.
      lane.waiting.shift();
      lane.dropped += 1;
    }
    if (known !== undefined) return;
    this.lanes.set(script, lane);
    void this.runLane(lane);
  }

  private async runLane(lane: Lane): Promise<void> {
    for (let event = lane.waiting.shift(); event !== undefined; event = lane.waiting.shift()) {
      if (lane.dropped > 0)
        this.logger.log("WARN", `agent: Script '${lane.script}' is behind, ${lane.dropped} events were dropped`);
      lane.dropped = 0;
      await this.runOnce(lane, event);
    }
    this.lanes.delete(lane.script);
  }

  private async runOnce(lane: Lane, event: SerfEvent): Promise<void> {
    const { script } = lane;
    const slow = setTimeout(() => {
      this.logger.log("WARN", `agent: Script '${script}' slow, execution exceeding ${formatDuration(this.slowMs)}`);
    }, this.slowMs).unref();
    const startedMs = performance.now();
    lane.running = startScript(script, event, this.self());
    const run = await lane.running.ended;
    lane.running = undefined;
    clearTimeout(slow);
    this.metrics.sample(`agent.invoke.${script}`, performance.now() - startedMs);
    this.report(script, event, run);
  }

  private report(script: string, event: SerfEvent, { output, outputBytes, problem }: ScriptRun): void {
    if (outputBytes > output.length) {
      const cut = `generated ${outputBytes} bytes of output, truncated to ${output.length}`;
      this.logger.log("WARN", `agent: Script '${script}' ${cut}`);
    }
    this.logger.log("DEBUG", `agent: Event '${event.kind}' script output: ${Buffer.from(output).toString("utf8")}`);
    if (problem !== undefined) this.logger.log("ERR", `agent: Error invoking script '${script}': ${problem}`);
    else if (event.kind === "query" && output.length > 0) this.respond(event, output);
  }

  /** A script answers a query by what it prints, if it ends well. */
  private respond(query: QueryEvent, output: Uint8Array): void {
    try {
      respondTo(query, output);
    } catch (error) {
      this.logger.log("WARN", `agent: Failed to respond to query 'query: ${query.name}': ${messageOf(error)}`);
    }
  }
}
