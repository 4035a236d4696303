import type { PluginNotice } from "../link.ts";
import type { TimerSource } from "../scheduler.ts";

/** Lines of log a second; those beyond are counted. */
const linesMax = 100;
const linePeriodMs = 1000;
/** Status and problem are told so often at most, and then the last of them. */
const statePeriodMs = 100;

/** Keeps a plugin that says too much from occupying its agent: it is heard, but not every word. */
export class ThrottledNotices {
  private readonly post: (notice: PluginNotice) => void;
  private readonly timers: TimerSource;
  private lines = 0;
  private omitted = 0;
  private readonly states = new Map<PluginNotice["kind"], PluginNotice>();
  private stateWaits = false;

  constructor(timers: TimerSource, post: (notice: PluginNotice) => void) {
    this.timers = timers;
    this.post = post;
  }

  notify(notice: PluginNotice): void {
    switch (notice.kind) {
      case "log":
        this.countLine(notice);
        return;
      case "status":
      case "problem":
        this.keepState(notice);
        return;
      default:
        this.post(notice);
    }
  }

  /** Tells at once what waits, for a thread that is about to end. */
  flush(): void {
    for (const notice of this.states.values()) this.post(notice);
    this.states.clear();
    this.tellOmitted();
  }

  private countLine(notice: PluginNotice): void {
    if (this.lines === 0) this.timers.after(linePeriodMs, () => this.beginPeriod());
    this.lines += 1;
    if (this.lines <= linesMax) this.post(notice);
    else this.omitted += 1;
  }

  private beginPeriod(): void {
    this.lines = 0;
    this.tellOmitted();
  }

  private tellOmitted(): void {
    if (this.omitted === 0) return;
    const line = `${this.omitted} lines of the last second are left out: more than ${linesMax} were written`;
    this.omitted = 0;
    this.post({ kind: "log", level: "WARN", line });
  }

  private keepState(notice: PluginNotice): void {
    this.states.set(notice.kind, notice);
    if (this.stateWaits) return;
    this.stateWaits = true;
    // The first is told at once, almost: status and problem often change together.
    this.timers.after(0, () => this.tellStates());
  }

  private tellStates(): void {
    for (const notice of this.states.values()) this.post(notice);
    this.states.clear();
    this.timers.after(statePeriodMs, () => {
      this.stateWaits = false;
      if (this.states.size === 0) return;
      this.stateWaits = true;
      this.tellStates();
    });
  }
}
