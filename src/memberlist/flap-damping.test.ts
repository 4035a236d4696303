import { describe, expect, it } from "vitest";
import { FlapDamping } from "./flap-damping.ts";

const halfLifeMs = 60_000;

function createDamping(halfLife = halfLifeMs) {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const lines: string[] = [];
  const logger = { enabled: () => true, log: (_: string, line: string) => void lines.push(line) };
  const damping = new FlapDamping(halfLife, { clock, logger });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { damping, pass, lines };
}

describe("flap damping", () => {
  it("holds a member out that died twice within a half-life, and not one that died once", () => {
    const { damping, pass } = createDamping();
    damping.died("a");
    damping.died("b");
    expect(damping.holdsOut("a")).toBe(false);
    pass(halfLifeMs * 0.9);
    damping.died("a");
    expect(["a", "b", "c"].map((name) => damping.holdsOut(name))).toEqual([true, false, false]);
  });

  it("lets it in again once half of its penalty has decayed", () => {
    const { damping, lines, pass } = createDamping();
    for (let deaths = 0; deaths < 2; deaths++) damping.died("a");
    expect(lines).toEqual(["memberlist: a comes and goes: it is held for dead until it has been quiet for a while"]);
    pass(halfLifeMs * 1.4);
    expect(damping.holdsOut("a")).toBe(true);
    pass(halfLifeMs * 0.1);
    expect(damping.holdsOut("a")).toBe(false);
    pass(1);
    damping.died("a");
    expect(damping.holdsOut("a")).toBe(true);
  });

  it("holds nobody out for longer than two and a half half-lives", () => {
    const { damping, pass } = createDamping();
    for (let deaths = 0; deaths < 100; deaths++) damping.died("a");
    pass(halfLifeMs * 2.5);
    expect(damping.holdsOut("a")).toBe(false);
  });

  it("forgives those who die rarely", () => {
    const { damping, pass } = createDamping();
    for (let deaths = 0; deaths < 20; deaths++) {
      damping.died("a");
      expect(damping.holdsOut("a")).toBe(false);
      pass(2 * halfLifeMs);
    }
  });

  it("remembers a bounded number of members, those first that died first", () => {
    const { damping, pass } = createDamping();
    for (let number = 0; number < 4_100; number++) for (const _ of [1, 2]) damping.died(`n${number}`);
    expect([damping.holdsOut("n0"), damping.holdsOut("n4099")]).toEqual([true, false]);
    pass(10 * halfLifeMs);
    for (const _ of [1, 2]) damping.died("n4099");
    expect(damping.holdsOut("n4099")).toBe(true);
  });

  it("holds out nobody while it is off", () => {
    const { damping } = createDamping(0);
    for (let deaths = 0; deaths < 10; deaths++) damping.died("a");
    expect(damping.holdsOut("a")).toBe(false);
  });
});
