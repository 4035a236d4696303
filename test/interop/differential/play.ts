/** Plays one stage with the agent and the command line each of one kind, and keeps what came of each step. */

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Agent, waitForView } from "../../support/agent.ts";
import { Handler } from "../../support/handler.ts";
import { loopback } from "../../support/loopback.ts";
import type { RunningProcess } from "../../support/processes.ts";
import type { Sandbox } from "../../support/sandbox.ts";
import { type Kind, serfCommand } from "../../support/serf-command.ts";
import { waitFor } from "../../support/wait-for.ts";
import { Sameness } from "./sameness.ts";
import type { AgentName, CommandStep, Stage, Step } from "./step.ts";

/** Whose command line talks to whose agent. */
export interface Combination {
  readonly command: Kind;
  readonly agent: Kind;
}

/** A JSON value; what differs from run to run by itself has been made the same. */
export type Outcome = unknown;

/** What a step is compared by that could not be played; also all steps after it. */
export interface NotPlayed {
  readonly notPlayed: string;
}

const deadlineMs = 30_000;
/** Commands that reach an agent by its RPC address. */
const withoutRpc = new Set(["agent", "keygen", "version"]);

export async function play(
  stage: Stage,
  combination: Combination,
  sandbox: Sandbox,
): Promise<ReadonlyMap<string, Outcome>> {
  const player = await Player.create(stage, combination, sandbox);
  const outcomes = new Map<string, Outcome>();
  let obstacle: NotPlayed | undefined;
  for (const step of stage.steps) {
    if (outcomes.has(step.name)) throw new Error(`${stage.title}: two steps are called "${step.name}"`);
    if (obstacle === undefined) {
      try {
        outcomes.set(step.name, await player.play(step));
        continue;
      } catch (error) {
        obstacle = { notPlayed: error instanceof Error ? error.message : String(error) };
      }
    }
    outcomes.set(step.name, obstacle);
  }
  await sandbox.close();
  return outcomes;
}

class Player {
  private readonly stage: Stage;
  private readonly combination: Combination;
  private readonly sandbox: Sandbox;
  private readonly folder: string;
  private readonly sameness: Sameness;
  /** What placeholders stand for. */
  private readonly addresses = new Map<string, string>();
  private readonly agents = new Map<AgentName, Agent>();
  private readonly handlers = new Map<string, { readonly handler: Handler; taken: number }>();
  private followed: RunningProcess | undefined;

  private constructor(
    stage: Stage,
    combination: Combination,
    sandbox: Sandbox,
    fixed: { readonly folder: string; readonly ports: Readonly<Record<string, number>> },
  ) {
    this.stage = stage;
    this.combination = combination;
    this.sandbox = sandbox;
    this.folder = fixed.folder;
    this.sameness = new Sameness(fixed.folder);
    for (const [name, port] of Object.entries(fixed.ports)) {
      this.sameness.port(port, name);
      this.addresses.set(name, `${loopback}:${port}`);
    }
    this.addresses.set("folder", fixed.folder);
  }

  static async create(stage: Stage, combination: Combination, sandbox: Sandbox): Promise<Player> {
    const fixed = {
      folder: await sandbox.folder(),
      ports: { nobody: await sandbox.port(), bind: await sandbox.port(), rpc: await sandbox.port() },
    };
    const player = new Player(stage, combination, sandbox, fixed);
    for (const [name, { says }] of Object.entries(stage.handlers ?? {}))
      player.handlers.set(name, { handler: await Handler.create(await sandbox.folder(), says), taken: 0 });
    return player;
  }

  async play(step: Step): Promise<Outcome> {
    switch (step.do) {
      case "run":
        return this.run(step);
      case "follow": {
        const words = this.words(step.words);
        this.followed = this.sandbox.startCommand(this.kindFor(words), words);
        await this.untilFollowed(step.until ?? "");
        return "goes on";
      }
      case "interrupt": {
        const { followed } = this;
        if (followed === undefined) throw new Error("nothing is followed");
        await this.untilFollowed(step.until ?? "");
        followed.signal("SIGINT");
        const exit = await followed.exited;
        return { exit, printed: this.sameness.blocks(followed.stdout, step.lines), stderr: followed.stderr };
      }
      case "start":
        return this.start(step.agent, step.args ?? []);
      case "end": {
        const agent = this.agent(step.agent);
        if (step.signal !== undefined) agent.process.signal(step.signal);
        return { exit: await agent.process.exited };
      }
      case "signal": {
        const agent = this.agent(step.agent);
        agent.process.signal(step.signal);
        await this.until(() => agent.log.includes(step.until), `${step.agent} to log ${step.until}`);
        return "heard";
      }
      case "view":
        await waitForView([this.agent("main")], step.sees, deadlineMs);
        return step.sees;
      case "handler":
      case "remaining":
        return this.calls(step.handler, step.do === "handler" ? 1 : 0);
      case "log": {
        const matching = () => this.sameness.lines(this.agent("main").log, step.lines);
        await this.until(() => matching().length >= step.count, `main to log ${step.lines}`);
        return matching();
      }
      case "write":
        await writeFile(join(this.folder, step.file), this.filled(step.content), { mode: 0o600 });
        return "written";
      case "file":
        return this.file(step.file, step.lines);
    }
  }

  private async run(step: CommandStep): Promise<Outcome> {
    const words = this.words(step.words);
    const { code, stdout, stderr } = await serfCommand(this.kindFor(words), words, this.environment(step));
    const same = (text: string) => this.sameness.output(text, { command: words[0] ?? "", anyOrder: step.anyOrder });
    return { code, stdout: same(stdout), stderr: same(stderr) };
  }

  private environment({ environment = {} }: CommandStep): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, this.filled(value)]));
  }

  private kindFor([name]: readonly string[]): Kind {
    const { shows } = this.stage;
    return this.combination[shows === "agent" || name === "agent" ? "agent" : "command"];
  }

  /** With the placeholders filled in, and main's RPC address where the command needs it and says nothing of its own. */
  private words(words: readonly string[]): readonly string[] {
    const [name, ...rest] = words.map((word) => this.filled(word));
    if (name === undefined) return [];
    const main = this.agents.get("main");
    const told = rest.some((word) => word.startsWith("-rpc-addr") || word === "-env");
    if (main === undefined || told || withoutRpc.has(name)) return [name, ...rest.filter((word) => word !== "-env")];
    return [name, `-rpc-addr=${main.rpcAddress}`, ...rest];
  }

  private filled(text: string): string {
    return text.replaceAll(/\{([a-z]+)\}/g, (all, name: string) => this.addresses.get(name) ?? all);
  }

  private async start(name: AgentName, args: readonly string[]): Promise<Outcome> {
    const before = this.agents.get(name);
    const handlers =
      name === "main"
        ? [...this.handlers].map(([title, { handler }]) => {
            const filter = this.stage.handlers?.[title]?.filter ?? "";
            return `-event-handler=${filter}${filter === "" ? "" : "="}${handler.script}`;
          })
        : [];
    const agent = await this.sandbox.startAgent({
      kind: name === "main" ? this.combination.agent : "debian",
      name,
      args: [...args.map((arg) => this.filled(arg)), ...handlers],
      ...(before === undefined ? {} : { place: before.place }),
    });
    this.agents.set(name, agent);
    this.sameness.port(agent.place.bindPort, name);
    this.sameness.port(agent.place.rpcPort, `${name}-rpc`);
    this.addresses.set(name, agent.address);
    if (name === "main") this.addresses.set("rpc", agent.rpcAddress);
    return "runs";
  }

  /** At least so many calls that no step has taken yet. */
  private async calls(name: string, atLeast: number): Promise<Outcome> {
    const record = this.handlers.get(name);
    if (record === undefined) throw new Error(`there is no handler "${name}"`);
    const { handler, taken } = record;
    await this.until(async () => (await handler.calls()).length >= taken + atLeast, `the handler ${name} to be called`);
    const all = await handler.calls();
    const calls = atLeast === 0 ? all.slice(taken) : all.slice(taken, taken + atLeast);
    record.taken += calls.length;
    return calls.map(({ environment, stdin }) => ({ environment, stdin: this.sameness.memberLines(stdin) }));
  }

  private async file(name: string, lines?: RegExp): Promise<Outcome> {
    const path = join(this.folder, name);
    const content = await readFile(path, "utf8");
    const mode = ((await stat(path)).mode & 0o777).toString(8);
    return { mode, content: lines === undefined ? this.sameness.ports(content) : this.sameness.lines(content, lines) };
  }

  private agent(name: AgentName): Agent {
    const agent = this.agents.get(name);
    if (agent === undefined) throw new Error(`the stage has no ${name}`);
    return agent;
  }

  private untilFollowed(text: string): Promise<unknown> {
    return this.until(() => this.followed?.output.includes(text) ?? false, `the command to print ${text}`);
  }

  private until(condition: () => boolean | Promise<boolean>, what: string): Promise<unknown> {
    const followed = this.followed === undefined ? [] : [this.followed];
    return waitFor(condition, { what, deadlineMs, witnesses: [...this.agents.values(), ...followed] });
  }
}
