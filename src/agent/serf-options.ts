import type { Endpoint } from "../base/address.ts";
import { base64Decode } from "../base/bytes.ts";
import { memberlistProfiles } from "../memberlist/options.ts";
import type { SerfOptions } from "../serf/options.ts";
import type { AgentConfig } from "./config.ts";

/** An agent tells member and user events together that come within so long; a library tells each at once. */
const coalescePeriodMs = 3000;
const quiescentPeriodMs = 1000;

/** What an agent's configuration means to the node it runs. */
export function createSerfOptions(config: AgentConfig, advertise: Endpoint): Partial<SerfOptions> {
  const key = base64Decode(config.encryptKey);
  return {
    nodeName: config.nodeName,
    tags: config.tags,
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
    queryBytesMax: config.queryBytesMax,
    queryResponseBytesMax: config.queryResponseBytesMax,
    resolveNameConflicts: !config.disableNameResolution,
    memberlist: {
      ...memberlistProfiles[config.profile],
      advertise,
      compression: config.compression,
      keys: key === undefined || key.length === 0 ? [] : [key],
    },
  };
}
