import { formatEndpoint } from "../base/address.ts";
import type { Logger } from "../base/host.ts";
import type { ConflictDelegate } from "../memberlist/delegates.ts";
import type { Member } from "../memberlist/member.ts";

/** Two nodes claim one name. The one known first stands; who is in the wrong is not voted on. */
export class NameConflicts implements ConflictDelegate {
  private readonly localName: string;
  private readonly logger: Logger;

  constructor(localName: string, logger: Logger) {
    this.localName = localName;
    this.logger = logger;
  }

  nameConflict(existing: Member, other: Member): void {
    if (existing.name === this.localName) {
      this.logger.log(
        "ERR",
        `serf: Node name conflicts with another node at ${formatEndpoint(other)}. Names must be unique! (Resolution enabled: false)`,
      );
      return;
    }
    this.logger.log(
      "WARN",
      `serf: Name conflict for '${existing.name}' both ${formatEndpoint(existing)} and ${formatEndpoint(other)} are claiming`,
    );
  }
}
