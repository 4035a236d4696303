import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import type { Logger } from "../base/host.ts";
import { isRejected } from "../base/rejected.ts";
import type { QueryEvent } from "./events.ts";
import { memberStatuses, type SerfMember } from "./member.ts";
import type { QueryListener } from "./open-query.ts";
import { conflictingMember } from "./query-messages.ts";

/** Heads the answer: the member that is known by the name, or nil. */
const conflictResponseType = 6;

export interface VotingNode {
  readonly name: string;
  endpoint(): Endpoint;
  member(name: string): SerfMember | undefined;
  /** Asks all members who it is that they know by the name in the payload. */
  askConflict(payload: Uint8Array, listener: QueryListener): void;
  shutdown(): void;
}

/**
 * Two nodes claim one name: each asks the members whom they know by it. A node that the majority does not know at its own address
 * is the one to go. A member that knows nobody by the name counts against, as in the reference.
 */
export class NameVote {
  private readonly node: VotingNode;
  private readonly logger: Logger;
  /** The claim comes again with every gossip that carries it; one vote at a time decides. */
  private isRunning = false;

  constructor(node: VotingNode, logger: Logger) {
    this.node = node;
    this.logger = logger;
  }

  /** Begins a vote on this node's own name, unless one is running. */
  begin(): void {
    if (this.isRunning) return;
    const votes = { responses: 0, matching: 0 };
    try {
      this.node.askConflict(utf8Encode(this.node.name), {
        responded: (_from, payload) => this.count(payload, votes),
        ended: (reason) => {
          this.isRunning = false;
          if (reason !== "stopped") this.decide(votes);
        },
      });
      this.isRunning = true;
    } catch (error) {
      if (!(error instanceof SerfError)) throw error;
      this.logger.log("ERR", `serf: Failed to start name resolution query: ${error.message}`);
    }
  }

  /** Answers another node's vote. Who is party to the conflict has no say. */
  answer(query: QueryEvent): void {
    const name = utf8Decode(query.payload);
    if (name === this.node.name) return;
    this.logger.log("DEBUG", `serf: Got conflict resolution query for '${name}'`);
    query.respond(encodeConflictResponse(this.node.member(name)));
  }

  private count(payload: Uint8Array, votes: { responses: number; matching: number }): void {
    if (payload[0] !== conflictResponseType) {
      this.logger.log("ERR", `serf: Invalid conflict query response type: ${payload[0]}`);
      return;
    }
    const member = conflictingMember.decode(payload, 1);
    if (isRejected(member)) {
      this.logger.log("ERR", `serf: Failed to decode conflict query response: ${member.detail}`);
      return;
    }
    votes.responses += 1;
    if (member !== undefined && formatEndpoint(member) === formatEndpoint(this.node.endpoint())) votes.matching += 1;
  }

  private decide({ responses, matching }: { readonly responses: number; readonly matching: number }): void {
    const majority = Math.floor(responses / 2) + 1;
    const tally = `[${matching} / ${responses}]`;
    if (matching >= majority) {
      this.logger.log("INFO", `serf: majority in name conflict resolution ${tally}`);
      return;
    }
    this.logger.log("WARN", `serf: minority in name conflict resolution, quiting ${tally}`);
    this.node.shutdown();
  }
}

export function encodeConflictResponse(member: SerfMember | undefined): Uint8Array {
  if (member === undefined) return conflictingMember.encode(undefined, conflictResponseType);
  const { name, address, port, tags, status, versions } = member;
  const plain = { name, address, port, tags: new Map(Object.entries(tags)), status: memberStatuses.indexOf(status) };
  return conflictingMember.encode({ ...plain, ...versions }, conflictResponseType);
}
