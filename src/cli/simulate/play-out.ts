import type { Terminal } from "../command.ts";

/** How long to simulate before the process looks at signals again. */
const turnMs = 50;
const progressMs = 200;

export interface Playable {
  /** Does a little; false at the end. */
  advance(): boolean;
  /** How far it is, in a line. */
  progress(): string;
  /** Called if it was ended before that by Ctrl-C. */
  stopped(): void;
}

/** Plays to the end or until Ctrl-C, and shows on the terminal, if stderr is one, how far it is. */
export async function playOut(what: Playable, terminal: Terminal): Promise<void> {
  let isInterrupted = false;
  terminal.onInterrupt(() => {
    isInterrupted = true;
  });
  const shows = process.stderr.isTTY === true;
  let shownMs = performance.now();
  let turnBeganMs = shownMs;
  while (what.advance()) {
    const nowMs = performance.now();
    if (nowMs - turnBeganMs < turnMs) continue;
    if (shows && nowMs - shownMs >= progressMs) {
      shownMs = nowMs;
      process.stderr.write(`\r\u001b[K${what.progress()}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
    turnBeganMs = performance.now();
    if (!isInterrupted) continue;
    what.stopped();
    break;
  }
  if (shows) process.stderr.write("\r\u001b[K");
}
