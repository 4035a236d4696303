import { describe, expect, it } from "vitest";
import { type CrashEvidence, type CrashRules, decideCrash } from "./crash-verdict.ts";

const rules: CrashRules = { dwellMs: 1_000, noticeMs: 400, confirmations: 2 };

const refused = (atMs: number): CrashEvidence => ({ kind: "refused", atMs });
const confirmed = (by: string): CrashEvidence => ({ kind: "confirmed", by });
const suspected = (atMs: number): CrashEvidence => ({ kind: "suspected", atMs });

function verdict(...evidence: CrashEvidence[]): string {
  return decideCrash(evidence, rules).kind;
}

describe("a crash", () => {
  it("is what two refusals, two confirmations and a chance to refute add up to", () => {
    const evidence = [refused(0), confirmed("a"), confirmed("b"), suspected(500), refused(1_000)];
    expect(decideCrash(evidence, rules)).toEqual({ kind: "crashed", confirmations: 2 });
  });

  it("is not concluded from one refusal, nor from two that are close to each other", () => {
    expect(verdict(refused(0), confirmed("a"), confirmed("b"), suspected(500))).toBe("open");
    expect(verdict(refused(0), confirmed("a"), confirmed("b"), suspected(500), refused(999))).toBe("open");
  });

  it("is not concluded without refusals, however many confirm", () => {
    expect(verdict(confirmed("a"), confirmed("b"), confirmed("c"), suspected(0))).toBe("open");
  });

  it("is not concluded by one observer, nor by two who say it twice", () => {
    expect(verdict(refused(0), suspected(0), refused(1_000), refused(2_000))).toBe("open");
    expect(verdict(refused(0), confirmed("a"), confirmed("a"), suspected(0), refused(2_000))).toBe("open");
  });

  it("needs somebody to confirm it even where nobody is asked for", () => {
    const alone = { ...rules, confirmations: 0 };
    expect(decideCrash([refused(0), suspected(0), refused(2_000)], alone).kind).toBe("open");
  });

  it("is not concluded before the member could refute", () => {
    expect(verdict(refused(0), confirmed("a"), confirmed("b"), suspected(700), refused(1_000))).toBe("open");
    expect(verdict(refused(0), confirmed("a"), confirmed("b"), suspected(700), refused(1_000), refused(1_100))).toBe(
      "crashed",
    );
  });
});

it("the member is suspected as soon as enough others confirm", () => {
  expect(verdict(refused(0), confirmed("a"))).toBe("open");
  expect(verdict(refused(0), confirmed("a"), confirmed("b"))).toBe("suspect");
});

it.each(["life", "doubt"] as const)("%s ends the case, whatever else is known", (kind) => {
  const evidence: CrashEvidence[] = [refused(0), confirmed("a"), confirmed("b"), suspected(500), refused(1_000)];
  for (let place = 0; place <= evidence.length; place++)
    expect(decideCrash(evidence.toSpliced(place, 0, { kind }), rules)).toEqual({ kind: "cleared", by: kind });
});
