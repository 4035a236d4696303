/** Waiting on real processes: poll a condition until a deadline, and when it passes say what was waited for and what the agents last said. */

/** What can tell its recent history in a failure message. */
export interface Witness {
  describe(): string;
}

export interface WaitOptions {
  /** Completes the sentence "waited for …". */
  readonly what: string;
  /** Generous by habit: a passing test never waits it out, and a busy machine may need it. */
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
  readonly witnesses?: readonly Witness[];
}

/**
 * Resolves with the condition's first value that is not `false`. A condition that throws is not met yet, so it may be written with
 * `expect`. Rejects after the deadline.
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions): Promise<Exclude<T, false>> {
  const { what, deadlineMs = 30_000, intervalMs = 50, witnesses = [] } = options;
  const startedAtMs = performance.now();
  for (;;) {
    let lastSeen: string;
    try {
      const value = await condition();
      if (value !== false) return value as Exclude<T, false>;
      lastSeen = "the condition was false";
    } catch (error) {
      lastSeen = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() - startedAtMs > deadlineMs) {
      const histories = witnesses.map((witness) => `\n\n${witness.describe()}`).join("");
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}; last seen: ${lastSeen}${histories}`);
    }
    await sleep(intervalMs);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
