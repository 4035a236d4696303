import { describe, expect, test } from "vitest";
import { memberStatuses } from "./member.ts";
import { decideDeparture, decideJoin, decideLeave } from "./transitions.ts";

describe("a leave intent", () => {
  test("that is not newer than the status is ignored, whatever the status", () => {
    for (const status of memberStatuses) {
      expect(decideLeave({ status, statusTime: 5 }, 5, false)).toBe("ignore");
      expect(decideLeave({ status, statusTime: 5 }, 4, true)).toBe("ignore");
    }
  });

  test("makes an alive member leaving and a failed one left", () => {
    expect(decideLeave({ status: "alive", statusTime: 5 }, 6, false)).toBe("leaving");
    expect(decideLeave({ status: "failed", statusTime: 5 }, 6, false)).toBe("left");
  });

  test("about a member that is leaving or left moves its time alone (serf#606)", () => {
    expect(decideLeave({ status: "leaving", statusTime: 5 }, 6, false)).toBe("witness");
    expect(decideLeave({ status: "left", statusTime: 5 }, 6, false)).toBe("witness");
  });

  test("about ourselves is refuted while we are staying, and followed when we are leaving", () => {
    expect(decideLeave({ status: "alive", statusTime: 5 }, 6, true)).toBe("refute");
    // Of two words of one time others keep the one that they heard first.
    expect(decideLeave({ status: "alive", statusTime: 5 }, 5, true)).toBe("refute");
    expect(decideLeave({ status: "alive", statusTime: 5 }, 6, false)).toBe("leaving");
  });
});

describe("a join intent", () => {
  test("that is not newer than the status is ignored", () => {
    expect(decideJoin({ status: "leaving", statusTime: 5 }, 5)).toBe("ignore");
  });

  test("calls off a leave that is older (detail 8)", () => {
    expect(decideJoin({ status: "leaving", statusTime: 5 }, 6)).toBe("alive");
  });

  test("does not bring back a member that is gone: only memberlist can see it up", () => {
    for (const status of ["alive", "left", "failed"] as const)
      expect(decideJoin({ status, statusTime: 5 }, 6)).toBe("witness");
  });
});

describe("a departure", () => {
  test("is a leave if one was announced or the member says so itself, and a failure otherwise", () => {
    expect(decideDeparture("leaving", false)).toBe("left");
    expect(decideDeparture("leaving", true)).toBe("left");
    expect(decideDeparture("alive", true)).toBe("left");
    expect(decideDeparture("alive", false)).toBe("failed");
  });

  test("happens once", () => {
    expect(decideDeparture("left", true)).toBeUndefined();
    expect(decideDeparture("failed", false)).toBeUndefined();
  });
});
