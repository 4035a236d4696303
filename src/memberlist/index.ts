/** `serf-ts/memberlist`: membership and failure detection alone, without Serf on top. */

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
export {
  type MemberlistOptions,
  type MemberlistProfile,
  memberlistOptions,
  memberlistProfiles,
} from "./options.ts";
