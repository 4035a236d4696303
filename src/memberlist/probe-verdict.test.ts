import { describe, expect, it } from "vitest";
import { decideProbe, type Evidence } from "./probe-verdict.ts";

const ack: Evidence = { kind: "ack", atMs: 5 };
const nack: Evidence = { kind: "nack" };
const streamAck: Evidence = { kind: "stream-ack" };
const unsent: Evidence = { kind: "unsent" };
const pingTimeout: Evidence = { kind: "timeout", of: "ping" };
const timeUp: Evidence = { kind: "timeout", of: "probe" };

describe("the verdict on a probed member", () => {
  it.each<[string, readonly Evidence[]]>([
    ["nothing was heard yet", []],
    ["only the direct ping timed out", [pingTimeout]],
    ["only nacks came", [pingTimeout, nack, nack, nack]],
    ["a stream was answered, but packets may still be", [pingTimeout, streamAck]],
    ["the port refuses, from which nobody concludes anything yet", [{ kind: "refused", path: "stream" }]],
    ["the stream timed out before the probe did", [pingTimeout, { kind: "timeout", of: "stream" }]],
  ])("is open while %s", (_, evidence) => {
    expect(decideProbe(evidence, 3)).toEqual({ kind: "open" });
  });

  it.each<[string, readonly Evidence[]]>([
    ["at once", [ack]],
    ["after the ping timeout", [pingTimeout, nack, ack]],
    ["although the port refused a stream", [pingTimeout, { kind: "refused", path: "stream" }, ack]],
  ])("is alive, and good for this node's health, with an ack %s", (_, evidence) => {
    expect(decideProbe(evidence, 3)).toEqual({ kind: "alive", by: "packet", healthDelta: -1 });
  });

  it("is alive by a stream when the time is up", () => {
    expect(decideProbe([pingTimeout, streamAck, timeUp], 3)).toEqual({ kind: "alive", by: "stream", healthDelta: -1 });
  });

  it("says nothing of this node's health where its ping did not leave", () => {
    expect(decideProbe([unsent, ack], 3)).toEqual({ kind: "alive", by: "packet", healthDelta: 0 });
  });

  it.each([
    [3, 0, 3],
    [3, 1, 2],
    [3, 3, 0],
    [3, 5, 0],
    [0, 0, 1],
    [0, 2, 1],
  ])("is suspect when the time is up; of %i nacks expected %i came: health %i", (expected, came, healthDelta) => {
    const evidence = [pingTimeout, ...new Array<Evidence>(came).fill(nack), timeUp];
    expect(decideProbe(evidence, expected)).toEqual({ kind: "suspect", healthDelta });
  });
});
