/** What the protocol sends of members and events, its keys in the order in which the reference writes them. */

import { unreachable } from "../base/errors.ts";
import type { KeyReport } from "../base/key-report.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import type { SuspectedMember } from "../memberlist/suspicions.ts";
import type { Body } from "../rpc/commands.ts";
import { encodeFrame, uint64 } from "../rpc/framing.ts";
import { encodeCoordinate, encodeMember } from "../rpc/views.ts";
import type { QueryEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";
import { encodeUserEvent } from "./user-event-record.ts";

/**
 * Encodes the list of members once for as long as it stays the same, since clients ask for it over and over. A view of a
 * member never changes, so the same views are the same list.
 */
export class MemberListEncoder {
  private members: readonly SerfMember[] = [];
  private encoded = encodeFrame(membersBody([]));

  encode(members: readonly SerfMember[], suspects: readonly SuspectedMember[]): Uint8Array {
    if (suspects.length > 0) return encodeFrame(membersBody(members, suspects));
    const known = this.members;
    if (members.length !== known.length || members.some((member, i) => member !== known[i])) {
      this.encoded = encodeFrame(membersBody(members));
      this.members = [...members];
    }
    return this.encoded;
  }
}

export function membersBody(members: readonly SerfMember[], suspects: readonly SuspectedMember[] = []): Body {
  if (suspects.length === 0) return { Members: members.map(encodeMember) };
  const suspicions = new Map(suspects.map(({ name, sinceMs, accusers }) => [name, { sinceMs, accusers }]));
  return {
    Members: members.map((member) => {
      const suspicion = suspicions.get(member.name);
      return encodeMember(suspicion === undefined ? member : { ...member, suspicion });
    }),
  };
}

const noCoordinate: Body = { Adjustment: 0, Error: 0, Height: 0, Vec: null };

export function coordinateBody(coordinate: Coordinate | undefined): Body {
  const found = coordinate !== undefined;
  return { Coord: found ? encodeCoordinate(coordinate) : noCoordinate, Ok: found };
}

/** The keys are nil for a change. */
export function keyReportBody(
  { messages, keys, errorCount, nodeCount, responseCount }: KeyReport,
  lists: boolean,
): Body {
  return {
    Keys: lists ? Object.fromEntries(keys) : null,
    Messages: Object.fromEntries(messages),
    NumErr: errorCount,
    NumNodes: nodeCount,
    NumResp: responseCount,
  };
}

/** `registerQuery` gives a query the number by which the client can answer it. Bytes are a body that is encoded already. */
export function eventBody(event: SerfEvent, registerQuery: (query: QueryEvent) => number): Body | Uint8Array {
  switch (event.kind) {
    case "member-join":
    case "member-leave":
    case "member-failed":
    case "member-update":
    case "member-reap":
      return { Event: event.kind, ...membersBody(event.members) };
    case "user":
      return encodeUserEvent(event);
    case "query":
      return {
        Event: event.kind,
        ID: uint64(registerQuery(event)),
        LTime: uint64(event.lamportTime),
        Name: event.name,
        // No payload is nil there, not empty bytes.
        Payload: event.payload.length === 0 ? null : event.payload,
      };
    default:
      return unreachable(event);
  }
}
