import { formatEndpoint } from "../base/address.ts";
import type { Host, LogLevel } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { ConflictDelegate } from "../memberlist/delegates.ts";
import type { Member } from "../memberlist/member.ts";

/** As memberlist's own line on the same conflict: each claim comes again with every gossip that carries it. */
const periodMs = 60_000;
const subjectsMax = 1_024;

/** Two nodes claim one name. The one known first stands, unless the name is this node's: then all members are asked. */
export class NameConflicts implements ConflictDelegate {
  private readonly localName: string;
  private readonly limitedLog: RateLimitedLog;
  private readonly resolve: (() => void) | false;

  /** `resolve` has the members decide about this node's own name; false leaves it contested. */
  constructor(localName: string, { logger, clock }: Host, resolve: (() => void) | false) {
    this.resolve = resolve;
    this.localName = localName;
    this.limitedLog = new RateLimitedLog({ logger, clock, periodMs, subjectsMax });
  }

  nameConflict(existing: Member, other: Member): void {
    const theirs = formatEndpoint(other);
    if (existing.name === this.localName) {
      const rule = `Names must be unique! (Resolution enabled: ${this.resolve !== false})`;
      this.complain("ERR", existing, theirs, `Node name conflicts with another node at ${theirs}. ${rule}`);
      if (this.resolve !== false) this.resolve();
      return;
    }
    const ours = formatEndpoint(existing);
    const what = `Name conflict for '${existing.name}' both ${ours} and ${theirs} are claiming`;
    this.complain("WARN", existing, theirs, what);
  }

  private complain(level: LogLevel, { name }: Member, theirs: string, what: string): void {
    this.limitedLog.log(level, `${theirs} ${name}`, `serf: ${what}`);
  }
}
