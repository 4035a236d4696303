import { expect, test } from "vitest";
import { resolveOptions } from "../base/options.ts";
import { serfOptions, userEventBytesHardMax } from "./options.ts";

const secondMs = 1_000;

test("the defaults are the reference's times and limits", () => {
  expect(resolveOptions(serfOptions, {})).toMatchObject({
    protocolVersion: 5,
    broadcastTimeoutMs: 5 * secondMs,
    leavePropagateDelayMs: secondMs,
    reapIntervalMs: 15 * secondMs,
    reconnectIntervalMs: 30 * secondMs,
    reconnectTimeoutMs: 24 * 3600 * secondMs,
    tombstoneTimeoutMs: 24 * 3600 * secondMs,
    flapTimeoutMs: 60 * secondMs,
    recentIntentTimeoutMs: 5 * 60 * secondMs,
    queueCheckIntervalMs: 30 * secondMs,
    queueDepthWarning: 128,
    queueDepthMax: 4_096,
    queryBufferLength: 512,
    userEventBytesMax: 512,
  });
  expect(userEventBytesHardMax).toBe(9 * 1_024);
});
