import { describe, expect, test } from "vitest";
import { hexEncode } from "../base/bytes.ts";
import type { NodeState } from "./messages.ts";
import {
  createVersionVector,
  encryptionVersionOf,
  isPlausible,
  protocolVersionDefault,
  understandsChecksum,
  understandsNack,
  understandsRelay,
  understandsStreamPing,
  VersionRange,
  versionVector,
} from "./versions.ts";

const serf = { min: 2, max: 5, current: 4 };
const ours = createVersionVector(protocolVersionDefault, serf);

function node(name: string, changes?: Partial<typeof ours> | "none", state: NodeState = "alive") {
  return { name, state, versions: changes === "none" ? undefined : { ...ours, ...changes } };
}

function checkCompatibility(nodes: readonly ReturnType<typeof node>[]) {
  const range = new VersionRange();
  for (const { state, versions } of nodes) range.narrow(state, versions);
  return nodes.map(({ name, versions }) => range.exclude(name, versions)).find((problem) => problem !== undefined);
}

describe("a version vector", () => {
  test("is six bytes, [1, 5, 2, 2, 5, n] for Serf (detail 4)", () => {
    expect(hexEncode(versionVector.encode(ours))).toBe("a6010502020504");
    expect(versionVector.decode(versionVector.encode(ours))).toEqual(ours);
  });

  test("tells what a node understands: stream ping from 3, nack from 4, checksum from 5, relay from Serf 5 (detail 4)", () => {
    const understood = (protocolMax: number) => {
      const versions = { ...ours, protocolMax };
      return [understandsStreamPing(versions), understandsNack(versions), understandsChecksum(versions)];
    };
    expect([2, 3, 4, 5].map(understood)).toEqual([
      [false, false, false],
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
    expect(understandsRelay(ours)).toBe(true);
    expect(understandsRelay({ ...ours, delegateMax: 4 })).toBe(false);
  });

  test("with an empty range or one from 0 is not plausible", () => {
    expect(isPlausible(ours)).toBe(true);
    for (const changes of [{ protocolMin: 0 }, { protocolMax: 0 }, { protocolMin: 6 }])
      expect(isPlausible({ ...ours, ...changes })).toBe(false);
  });

  test("decides the encryption version: padded for protocol 1 alone", () => {
    expect([1, 2, 3, 4, 5].map(encryptionVersionOf)).toEqual([0, 1, 1, 1, 1]);
  });
});

describe("nodes", () => {
  test("of overlapping versions are compatible", () => {
    expect(checkCompatibility([node("a"), node("b", { protocolCurrent: 5, delegateCurrent: 2 })])).toBeUndefined();
    expect(checkCompatibility([])).toBeUndefined();
  });

  test("are all rejected for one that speaks what another does not understand (detail 6)", () => {
    const old = node("old", { protocolMax: 2 });
    const modern = node("modern", { protocolCurrent: 3 });
    expect(checkCompatibility([old, node("a"), modern])).toMatchObject({ kind: "rejected", reason: "version" });
    expect(checkCompatibility([node("a"), node("b", { delegateMin: 5, delegateCurrent: 5 })])?.detail).toContain(
      "Node 'a' delegate protocol version (4) is incompatible: [5, 5]",
    );
  });

  test("that are not alive do not narrow the range, but must lie in it", () => {
    expect(checkCompatibility([node("a"), node("b", { protocolMax: 1, protocolCurrent: 2 }, "dead")])).toBeUndefined();
    expect(checkCompatibility([node("a"), node("b", { protocolCurrent: 6 }, "left")])?.reason).toBe("version");
  });

  test("without versions speak version 0, which nobody understands", () => {
    expect(checkCompatibility([node("a"), node("b", "none")])?.detail).toBe(
      "Node 'b' protocol version (0) is incompatible: [1, 5]",
    );
    expect(checkCompatibility([node("b", "none")])).toBeUndefined();
  });
});
