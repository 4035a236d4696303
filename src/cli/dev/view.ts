/** What `serf dev` shows: lines, JSON, or a few lines on a terminal that are drawn anew. */

import type { Screen, Terminal } from "../command.ts";

/** How the cluster does at one moment. */
export interface Progress {
  readonly nodes: number;
  readonly complete: number;
  readonly seen: number;
  readonly suspicions: number;
  readonly stale: number;
  /** Since the view before this one: milliseconds of CPU in a second, for each node. */
  readonly cpuMsPerNodeSecond: number;
  readonly memoryMiB: number;
  readonly seconds: number;
}

export interface View {
  /** Something happened. `fields` are for programs, `text` is for people. */
  tell(event: string, text: string, fields?: Readonly<Record<string, unknown>>): void;
  show(progress: Progress): void;
  close(): void;
}

export function createView(format: "text" | "json", terminal: Terminal): View {
  if (format === "json") return new JsonView(terminal);
  return terminal.screen === undefined ? new LineView(terminal) : new ScreenView(terminal.screen);
}

class JsonView implements View {
  private readonly terminal: Terminal;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  tell(event: string, _text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.terminal.print(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
  }

  show(progress: Progress): void {
    this.tell("progress", "", { ...progress });
  }

  close(): void {}
}

/** For a pipe or a file: a line when something happened, and every few seconds while something changes. */
class LineView implements View {
  private readonly terminal: Terminal;
  private shownAt = Number.NEGATIVE_INFINITY;
  private shown = "";

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  tell(_event: string, text: string): void {
    this.terminal.print(`==> ${text}`);
    this.shown = "";
  }

  show(progress: Progress): void {
    const line = views(progress);
    if (line === this.shown || progress.seconds - this.shownAt < 2) return;
    this.shown = line;
    this.shownAt = progress.seconds;
    this.terminal.print(`    ${progress.seconds.toFixed(1).padStart(6)} s  ${line}`);
  }

  close(): void {}
}

const barWidth = 40;

/** Draws the last lines anew; what happened scrolls up above them. */
class ScreenView implements View {
  private readonly screen: Screen;
  private drawn = 0;
  private last: Progress | undefined;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  tell(_event: string, text: string): void {
    this.erase();
    this.screen.write(`==> ${text}\n`);
    if (this.last !== undefined) this.show(this.last);
  }

  show(progress: Progress): void {
    this.last = progress;
    const filled = Math.floor(progress.seen * barWidth);
    const lines = [
      "",
      `    [${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] ${(progress.seen * 100).toFixed(1)} % of what there is to see`,
      `    ${views(progress)}`,
      `    CPU ${progress.cpuMsPerNodeSecond.toFixed(2)} ms/s a node, memory ${progress.memoryMiB.toFixed(0)} MiB, ${progress.seconds.toFixed(0)} s`,
      "    keys: k kill 5 %, p partition, h heal, e event, q quit",
    ];
    this.erase();
    this.screen.write(`${lines.join("\n")}\n`);
    this.drawn = lines.length;
  }

  close(): void {
    this.last = undefined;
  }

  /** Up to the first line drawn, and away with all below. */
  private erase(): void {
    if (this.drawn > 0) this.screen.write(`\u001b[${this.drawn}A\u001b[J`);
    this.drawn = 0;
  }
}

function views({ complete, nodes, seen, suspicions, stale }: Progress): string {
  const doubts = [
    ...(suspicions > 0 ? [`${suspicions} suspicions`] : []),
    ...(stale > 0 ? [`${stale} out of date`] : []),
  ];
  const share = complete === nodes ? "" : `, ${(seen * 100).toFixed(1)} % known`;
  return `${complete} of ${nodes} nodes see all that is true${share}${doubts.map((doubt) => `, ${doubt}`).join("")}`;
}
