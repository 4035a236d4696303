/** What the protocol sends of members and events, its keys in the order in which the reference writes them. */

import { ipToBytes } from "../base/address.ts";
import { unreachable } from "../base/errors.ts";
import type { Body } from "../rpc/commands.ts";
import { uint64 } from "../rpc/framing.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";

export function membersBody(members: readonly SerfMember[]): Body {
  return { Members: members.map(memberRecord) };
}

function memberRecord(member: SerfMember): Body {
  const { versions } = member;
  return {
    Addr: ipToBytes(member.address) ?? null,
    DelegateCur: versions.delegateCurrent,
    DelegateMax: versions.delegateMax,
    DelegateMin: versions.delegateMin,
    Name: member.name,
    Port: member.port,
    ProtocolCur: versions.protocolCurrent,
    ProtocolMax: versions.protocolMax,
    ProtocolMin: versions.protocolMin,
    Status: member.status,
    Tags: member.tags,
  };
}

export function eventBody(event: SerfEvent): Body {
  switch (event.kind) {
    case "member-join":
    case "member-leave":
    case "member-failed":
    case "member-update":
    case "member-reap":
      return { Event: event.kind, ...membersBody(event.members) };
    case "user":
      return {
        Coalesce: event.coalesce,
        Event: event.kind,
        LTime: uint64(event.lamportTime),
        Name: event.name,
        // No payload is nil there, not empty bytes.
        Payload: event.payload.length === 0 ? null : event.payload,
      };
    default:
      return unreachable(event);
  }
}
