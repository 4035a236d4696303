/** What a stage of the differential scenario consists of: data alone. `play.ts` says what each kind of step does. */

/** Which of the two is ours where an outcome may differ from the reference's. */
export type Part = "our agent" | "our command";

/** A difference that is meant: the heading of its paragraph in docs/DEVIATIONS.md, and whose presence brings it about. */
export interface Deviation {
  readonly by: Part;
  readonly heading: string;
}

interface StepBase {
  /** Unique within its stage. */
  readonly name: string;
  readonly deviation?: Deviation;
}

/**
 * Words may hold `{main}`, `{peer}`, `{nobody}` (addresses of the agents, and of one that does not exist), `{bind}` (a free
 * port), `{rpc}` (main's RPC, or a free port before main starts) and `{folder}` (of the stage).
 */
export interface CommandStep extends StepBase {
  readonly do: "run";
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Lines of the output come in any order, as the reference's maps do. */
  readonly anyOrder?: true;
}

/** Starts a command that goes on, and waits until its output has `until`. */
export interface FollowStep extends StepBase {
  readonly do: "follow";
  readonly words: readonly string[];
  readonly until?: string;
}

/** Waits until what is followed has printed `until`, interrupts it, and compares what it printed: events, and the lines that match `lines`. */
export interface InterruptStep extends StepBase {
  readonly do: "interrupt";
  readonly until?: string;
  readonly lines?: RegExp;
}

export interface StartStep extends StepBase {
  readonly do: "start";
  readonly agent: AgentName;
  readonly args?: readonly string[];
}

/** Ends an agent by a signal, or waits for an end that came otherwise. */
export interface EndStep extends StepBase {
  readonly do: "end";
  readonly agent: AgentName;
  readonly signal?: "SIGINT" | "SIGTERM" | "SIGKILL";
}

export interface SignalStep extends StepBase {
  readonly do: "signal";
  readonly agent: AgentName;
  readonly signal: "SIGHUP";
  /** What it then logs. */
  readonly until: string;
}

/** Waits until main sees these statuses. */
export interface ViewStep extends StepBase {
  readonly do: "view";
  readonly sees: Readonly<Record<string, string>>;
}

/** Waits for the next call of a handler, and compares its environment and input. */
export interface HandlerStep extends StepBase {
  readonly do: "handler";
  readonly handler: string;
}

/** Compares all calls of a handler that no step has asked for. */
export interface RemainingCallsStep extends StepBase {
  readonly do: "remaining";
  readonly handler: string;
}

/** Compares the lines of main's log that match, once there are `count`. */
export interface LogStep extends StepBase {
  readonly do: "log";
  readonly lines: RegExp;
  readonly count: number;
}

export interface WriteStep extends StepBase {
  readonly do: "write";
  readonly file: string;
  readonly content: string;
}

/** Compares a file's content and mode. */
export interface FileStep extends StepBase {
  readonly do: "file";
  readonly file: string;
  readonly lines?: RegExp;
}

export type Step =
  | CommandStep
  | FollowStep
  | InterruptStep
  | StartStep
  | EndStep
  | SignalStep
  | ViewStep
  | HandlerStep
  | RemainingCallsStep
  | LogStep
  | WriteStep
  | FileStep;

export type AgentName = "main" | "peer";

export interface Stage {
  readonly title: string;
  /** Whose work it shows. A stage of one part alone is played once for each kind. */
  readonly shows: "both" | "agent" | "command";
  /** Scripts that keep a record of their calls, by name, with their filter and what they print. Main gets them all. */
  readonly handlers?: Readonly<Record<string, { readonly filter: string; readonly says?: string }>>;
  readonly steps: readonly Step[];
}

export const byOurAgent = (heading: string): { readonly deviation: Deviation } => ({
  deviation: { by: "our agent", heading },
});

export const byOurCommand = (heading: string): { readonly deviation: Deviation } => ({
  deviation: { by: "our command", heading },
});

/** A step that runs the words as they stand, parted by spaces. */
export function run(line: string, more: Partial<CommandStep> = {}): CommandStep {
  const words = line === "" ? [] : line.split(" ");
  const name = line.length > 70 ? `${line.slice(0, 67)}...` : line;
  return { do: "run", name: `serf ${name}`, words, ...more };
}
