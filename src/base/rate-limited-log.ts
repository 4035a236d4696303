import type { Clock, Logger, LogLevel } from "./host.ts";

export interface RateLimitedLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** One line per subject and so long. */
  readonly periodMs: number;
  /** Subjects told apart at a time; those beyond share one line. */
  readonly subjectsMax: number;
}

interface Subject {
  readonly sinceMs: number;
  suppressed: number;
}

/**
 * Says the same of the same subject (a peer, say) once a minute rather than once a packet: a peer with the wrong key must
 * not fill the disk. What was left out is counted, and the subject's next line says how many there were. Whoever forges a new
 * address for every packet gains nothing: the table is bounded, and beyond it all strangers together get one line.
 */
export class RateLimitedLog {
  private readonly options: RateLimitedLogOptions;
  /** In the order in which their periods began, so the first is the first to be over. */
  private readonly subjects = new Map<string, Subject>();
  private strangers: Subject | undefined;

  constructor(options: RateLimitedLogOptions) {
    this.options = options;
  }

  log(level: LogLevel, subject: string, message: string): void {
    const nowMs = this.options.clock.monotonicMs();
    const known = this.subjects.get(subject);
    if (known !== undefined) {
      if (this.isOver(known, nowMs)) {
        this.subjects.delete(subject);
        this.subjects.set(subject, this.begin(level, message, known, nowMs));
      } else known.suppressed += 1;
      return;
    }
    if (this.subjects.size >= this.options.subjectsMax) this.forgetOldest(nowMs);
    if (this.subjects.size < this.options.subjectsMax) {
      this.subjects.set(subject, this.begin(level, message, undefined, nowMs));
    } else if (this.strangers === undefined || this.isOver(this.strangers, nowMs)) {
      this.strangers = this.begin(level, message, this.strangers, nowMs);
    } else this.strangers.suppressed += 1;
  }

  private begin(level: LogLevel, message: string, previous: Subject | undefined, nowMs: number): Subject {
    const { logger } = this.options;
    const suppressed = previous?.suppressed ?? 0;
    logger.log(level, suppressed === 0 ? message : `${message} (${suppressed} more like it since the last such line)`);
    return { sinceMs: nowMs, suppressed: 0 };
  }

  private forgetOldest(nowMs: number): void {
    const oldest = this.subjects.entries().next();
    if (oldest.done !== true && this.isOver(oldest.value[1], nowMs)) this.subjects.delete(oldest.value[0]);
  }

  private isOver(subject: Subject, nowMs: number): boolean {
    return nowMs - subject.sinceMs >= this.options.periodMs;
  }
}
