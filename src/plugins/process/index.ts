/** Runs programs beside the agent, or, where the agent is the entry point of a container, as what the container is for. */

import { definePlugin, type PluginContext, type RunningPlugin } from "../plugin.ts";
import { checkProcessOptions, type ProcessOptions, processOptions } from "./options.ts";
import { SupervisedProgram } from "./supervised-program.ts";

/** Telling the cluster that nothing is ready any more must not use up the time that programs have to end. */
const farewellMs = 500;
/** For all programs together. A plugin has ten seconds to stop. */
const stopMsMax = 8000;

export const plugin = definePlugin({
  name: "process",
  description: "Runs programs: restarts, checks, a tag for readiness; the node leaves when they end",
  options: processOptions,
  checkOptions: checkProcessOptions,
  actions: {
    status: { usage: "", doc: "Shows each program: its state, process id, starts, and what is wrong." },
    restart: { usage: "NAME", doc: "Ends a program and starts it again." },
  },
  start: async (context) => {
    const initProblem = describeInit(process.pid);
    if (initProblem !== undefined) context.logger.warn(initProblem);
    const group = new ProgramGroup(context);
    await group.start();
    return group;
  },
});

/** What is wrong with being that process, if anything. */
export function describeInit(pid: number): string | undefined {
  return pid === 1
    ? "the agent is process 1, and Node does not reap what its programs leave behind: start it under tini or s6, as `docker run --init` does"
    : undefined;
}

class ProgramGroup implements RunningPlugin {
  readonly actions = {
    status: () => this.programs.map(({ name, state, pid, starts, problem }) => ({ name, state, pid, starts, problem })),
    restart: async ([name = ""]: readonly string[]) => {
      const program = this.programs.find((one) => one.name === name);
      if (program === undefined)
        throw new Error(`there is no program ${JSON.stringify(name)}; there are: ${this.names(() => true)}`);
      if (program.state === "waiting") throw new Error(`${name} waits for the one before it to be ready`);
      await program.restart();
      return `${name} is started again`;
    },
  };
  private readonly context: PluginContext<ProcessOptions>;
  private readonly programs: readonly SupervisedProgram[];
  /** What the tag says. */
  private told: string | undefined;
  private telling: Promise<void> | undefined;
  private leaving = false;

  constructor(context: PluginContext<ProcessOptions>) {
    this.context = context;
    this.programs = context.options.programs.map(
      (options) =>
        new SupervisedProgram(options, {
          ...context,
          changed: () => this.look(),
          finished: (how) => this.leave(how),
        }),
    );
  }

  /** Rejects where the first program cannot be started, or the tag has no room. */
  async start(): Promise<void> {
    await this.tell("false");
    await this.programs[0]?.start();
    this.context.agent.onSignal((signal) => {
      for (const program of this.programs) program.forward(signal);
    });
  }

  /** The cluster hears of it first; then the programs end, the last one first. */
  async stop(): Promise<void> {
    const { readyTag } = this.context.options;
    if (readyTag !== "") {
      // Where the agent has left, there is nobody to tell.
      const told = this.context.tags.update({}, [readyTag]).catch(() => undefined);
      await Promise.race([told, new Promise((resolve) => setTimeout(resolve, farewellMs))]);
    }
    const untilMs = performance.now() + stopMsMax;
    for (const program of this.programs.toReversed()) await program.stop(Math.max(0, untilMs - performance.now()));
  }

  private look(): void {
    const { context, programs } = this;
    if (context.signal.aborted) return;
    const next = programs.findIndex(({ state }) => state === "waiting");
    if (next > 0 && programs[next - 1]?.state === "ready" && !this.leaving) programs[next]?.begin();
    const ready = this.names(({ state }) => state === "ready");
    const others = programs.filter(({ state }) => state !== "ready").map(({ name, state }) => `${name} ${state}`);
    context.setStatus([...(ready === "" ? [] : [`${ready} ready`]), ...others].join(", "));
    const problems = programs.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
    context.setProblem(problems.length === 0 ? undefined : problems.join("; "));
    this.tell(others.length === 0 ? "true" : "false").catch(context.fail);
  }

  private names(wanted: (program: SupervisedProgram) => boolean): string {
    return this.programs
      .filter(wanted)
      .map(({ name }) => name)
      .join(", ");
  }

  /** One update at a time; what it became meanwhile is told afterwards. */
  private async tell(value: string): Promise<void> {
    const { readyTag } = this.context.options;
    const isTelling = this.telling !== undefined;
    if (readyTag === "" || this.told === value) return;
    this.told = value;
    if (isTelling) return;
    let toTell: string | undefined;
    while (toTell !== this.told && !this.context.signal.aborted) {
      toTell = this.told;
      this.telling = this.context.tags.update({ [readyTag]: toTell });
      await this.telling.finally(() => {
        this.telling = undefined;
      });
    }
  }

  private leave(how: string): void {
    if (this.leaving) return;
    this.leaving = true;
    this.context.logger.info(`${how}: this node leaves the cluster`);
    this.context.agent.leave().catch(this.context.fail);
  }
}
