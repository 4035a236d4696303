import type { Endpoint } from "../base/address.ts";
import { readMemoryLimit } from "../host/process-limits.ts";
import { type MemberlistOptions, memberlistOptions, memberlistProfiles } from "../memberlist/options.ts";
import type { SerfOptions } from "../serf/options.ts";
import type { AgentConfig } from "./config.ts";
import type { RestoredState } from "./state-files.ts";

/** Room for the largest message that a stream may bring. */
const oneMessageBytes = 21 * 1024 * 1024;
/** An agent tells member and user events together that come within so long; a library tells each at once. */
const coalescePeriodMs = 3000;
const quiescentPeriodMs = 1000;
/** The shortest that the membership layer takes. */
const fastFailureDwellMsMin = 1000;

/** What an agent's configuration means to the node it runs. */
export function createSerfOptions(
  config: AgentConfig,
  { tags, keys }: RestoredState,
  advertise: Endpoint,
): Partial<SerfOptions> {
  return {
    nodeName: config.nodeName,
    validateNodeNames: config.validateNodeNames,
    tags,
    protocolVersion: config.protocolVersion,
    broadcastTimeoutMs: config.broadcastTimeoutMs,
    coalescePeriodMs,
    quiescentPeriodMs,
    userCoalescePeriodMs: coalescePeriodMs,
    userQuiescentPeriodMs: quiescentPeriodMs,
    reconnectIntervalMs: config.reconnectIntervalMs,
    reconnectTimeoutMs: config.reconnectTimeoutMs,
    tombstoneTimeoutMs: config.tombstoneTimeoutMs,
    disableCoordinates: config.disableCoordinates,
    snapshotPath: config.snapshotPath,
    rejoinAfterLeave: config.rejoinAfterLeave,
    replayOnRejoin: config.replay,
    userEventBytesMax: config.userEventBytesMax,
    eventBufferLength: config.eventBufferLength,
    eventOrderWaitMs: config.eventOrderWaitMs,
    eventsPerSecond: config.eventsPerSecond,
    eventsWaitingMax: config.eventsWaitingMax,
    queryBytesMax: config.queryBytesMax,
    queryResponseBytesMax: config.queryResponseBytesMax,
    resolveNameConflicts: !config.disableNameResolution,
    memberlist: {
      ...memberlistProfiles[config.profile],
      advertise,
      label: config.label,
      compression: config.compression,
      compressedPacketBytesMin: config.compressedPacketBytesMin,
      dissemination: config.dissemination,
      flapDampingMs: config.flapDampingMs,
      confirmDeaths: config.confirmDeaths,
      fastFailure: config.fastFailure,
      fastFailureStreams: config.fastFailureStreams,
      fastFailureConfirmations: config.fastFailureConfirmations,
      fastFailureTruceMs: config.fastFailureTruceMs,
      ...fastFailureDwell(config),
      keys,
      ...unfinishedStreamsFor(readMemoryLimit()),
    },
  };
}

/** The default takes a few times its bytes while messages grow: more than a small container has. */
function unfinishedStreamsFor(memoryBytes: number | undefined): Partial<MemberlistOptions> {
  if (memoryBytes === undefined) return {};
  const { default: usual } = memberlistOptions.unfinishedStreamBytesMax;
  return { unfinishedStreamBytesMax: Math.max(oneMessageBytes, Math.min(usual, Math.floor(memoryBytes / 8))) };
}

/** What is not given is as the profile has it. */
function fastFailureDwell({
  fastFailureDwellMs,
}: AgentConfig): Pick<MemberlistOptions, "fastFailureDwellMs"> | undefined {
  return fastFailureDwellMs === 0
    ? undefined
    : { fastFailureDwellMs: Math.max(fastFailureDwellMs, fastFailureDwellMsMin) };
}
