/** Runs the operator's scripts on the events they were chosen for. */

import { formatDuration } from "../base/duration.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger, Metrics } from "../base/host.ts";
import type { QueryEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";
import { type EventScript, matchesEvent, type ScriptLimits } from "./event-filter.ts";
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

/** One script's events: run one after another, or as many at a time as it was given, and begun in the order in which they happened. */
interface Lane {
  readonly key: string;
  readonly script: string;
  readonly limits: ScriptLimits;
  readonly waiting: SerfEvent[];
  dropped: number;
  readonly running: Set<StartedScript>;
}

const ordinaryLimits: ScriptLimits = { concurrency: 1 };

/**
 * Each script has its own lane: a slow one holds up its own later runs and nobody else's. Two handlers with the same script and limits
 * share a lane, so that by itself a script never runs twice at once.
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
    for (const handler of this.scripts) {
      const concerning = matchesEvent(handler.filter, event) ? this.restrict(event, handler) : undefined;
      if (concerning !== undefined) this.enqueue(handler, concerning);
    }
  }

  /** Forgets what waits. A script that is running goes on, and nobody waits for it. */
  stop(): void {
    this.scripts = [];
    for (const lane of this.lanes.values()) {
      lane.waiting.length = 0;
      for (const running of lane.running) running.unref();
    }
  }

  /** What of the event concerns this handler: of a member event, the members it asks for; of others all, if it asks for this node. */
  private restrict(event: SerfEvent, { members: wanted }: EventScript): SerfEvent | undefined {
    if (wanted === undefined) return event;
    if (!("members" in event)) return wanted.matches(this.self()) ? event : undefined;
    const members = event.members.filter((member) => wanted.matches(member));
    return members.length > 0 ? { ...event, members } : undefined;
  }

  private enqueue({ script, limits = ordinaryLimits }: EventScript, event: SerfEvent): void {
    const key = JSON.stringify([script, limits.concurrency, limits.timeoutMs]);
    const lane: Lane = this.lanes.get(key) ?? {
      ...{ key, script, limits },
      waiting: [],
      dropped: 0,
      running: new Set(),
    };
    this.lanes.set(key, lane);
    lane.waiting.push(event);
    if (lane.waiting.length > this.queueLengthMax) {
      // The newest events say most about how things are by the time the script gets to them.
      lane.waiting.shift();
      lane.dropped += 1;
      this.metrics.increment("agent.handler.dropped");
    }
    this.proceed(lane);
  }

  private proceed(lane: Lane): void {
    while (lane.running.size < lane.limits.concurrency) {
      const event = lane.waiting.shift();
      if (event === undefined) break;
      if (lane.dropped > 0)
        this.logger.log("WARN", `agent: Script '${lane.script}' is behind, ${lane.dropped} events were dropped`);
      lane.dropped = 0;
      void this.runOnce(lane, event);
    }
    if (lane.running.size === 0) this.lanes.delete(lane.key);
  }

  private async runOnce(lane: Lane, event: SerfEvent): Promise<void> {
    const { script, running } = lane;
    const { timeoutMs } = lane.limits;
    const startedMs = performance.now();
    const started = startScript(script, event, this.self(), { detached: timeoutMs !== undefined });
    running.add(started);
    const slow = setTimeout(() => {
      this.logger.log("WARN", `agent: Script '${script}' slow, execution exceeding ${formatDuration(this.slowMs)}`);
    }, this.slowMs).unref();
    const limit = timeoutMs === undefined ? undefined : new TimeLimit(timeoutMs, started);
    const run = await started.ended;
    clearTimeout(slow);
    limit?.clear();
    running.delete(started);
    this.metrics.sample(`agent.invoke.${script}`, performance.now() - startedMs);
    if (limit?.isExceeded) this.metrics.increment("agent.handler.timeout");
    this.report(script, event, limit?.isExceeded ? { ...run, problem: limit.problem } : run);
    this.proceed(lane);
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

/** Ends a run that takes too long. */
class TimeLimit {
  isExceeded = false;
  readonly problem: string;
  private readonly timer: NodeJS.Timeout;

  constructor(timeoutMs: number, started: StartedScript) {
    this.problem = `time limit of ${formatDuration(timeoutMs)} exceeded`;
    this.timer = setTimeout(() => {
      this.isExceeded = true;
      started.stop();
    }, timeoutMs).unref();
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
