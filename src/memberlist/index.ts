/**
 * `serf-ts/memberlist`: membership and failure detection alone, without Serf on top.
 *
 * ```ts
 * const host = await createNodeHost({ bindAddress: "0.0.0.0", bindPort: 7946 }); // from "serf-ts"; or a simulated one
 * const memberlist = new Memberlist({ nodeName: "web-1" }, host, { members });
 * memberlist.start();
 * memberlist.join(["10.0.0.5"], ({ joined, failures }) => { … });
 * ```
 */

export type { Endpoint } from "../base/address.ts";
export { type ErrorCode, SerfError } from "../base/errors.ts";
export type { Host } from "../base/host.ts";
export type { NodeState, VersionVector } from "../wire/messages.ts";
export type { AnnouncementDone } from "./announcer.ts";
export { type Broadcast, BroadcastQueue, type BroadcastQueueOptions } from "./broadcast-queue.ts";
export type {
  AliveDelegate,
  ConflictDelegate,
  Delegates,
  MemberDelegate,
  MergeDelegate,
  PingDelegate,
  UserDataDelegate,
} from "./delegates.ts";
export { Directory } from "./directory.ts";
export type { JoinFailure, JoinResult } from "./joiner.ts";
export { Keyring } from "./keyring.ts";
export type { Member } from "./member.ts";
export { Memberlist } from "./memberlist.ts";
export { type MemberlistOptions, type MemberlistProfile, memberlistProfiles } from "./options.ts";
export type { SendDone } from "./reliable-sender.ts";
export type { Accuser } from "./suspicion.ts";
export type { SuspectedMember } from "./suspicions.ts";
