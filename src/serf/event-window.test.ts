import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventWindow } from "./event-window.ts";

const timesRemembered = 512;

/** A window, and forgetful members that know what was sent before their last exchange, `exchangeMs` after it began; it fails where that is negative. */
function createWindow(names: readonly string[], exchangeMs: (name: string) => number = () => 20) {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const state = { time: 1 };
  const knownBefore = new Map(names.map((name) => [name, 1]));
  const rounds: string[] = [];
  const window = new EventWindow(
    {
      time: () => state.time,
      forgetful: () => names,
      exchange: (name, done) => {
        rounds.push(name);
        const before = state.time;
        if (exchangeMs(name) < 0) host.timers.after(5, () => done(false));
        else if (exchangeMs(name) !== Number.POSITIVE_INFINITY)
          host.timers.after(exchangeMs(name), () => {
            knownBefore.set(name, before);
            done(true);
          });
        return true;
      },
    },
    host,
  );
  /** Sends so many as fast as the window lets it, up to `perMs` a millisecond; returns how long it took, and the largest lead over a member. */
  const burst = (count: number, perMs: number) => {
    let sent = 0;
    let lead = 0;
    let passedMs = 0;
    for (; sent < count && passedMs < 60_000; passedMs++) {
      for (let index = 0; index < perMs && sent < count && window.isOpen; index++, sent++) {
        state.time += 1;
        window.noteOwn();
        lead = Math.max(lead, ...[...knownBefore.values()].map((before) => state.time - before));
      }
      network.run(1);
    }
    return { sent, lead, passedMs };
  };
  return { network, host, state, window, rounds, knownBefore, burst };
}

describe("the window of events", () => {
  test("lets a burst run no further ahead of the slowest than it remembers", () => {
    const { network, state, knownBefore, burst } = createWindow(["a", "b"], (name) => (name === "a" ? 20 : 90));
    const { sent, lead } = burst(5_000, 8);
    expect(sent).toBe(5_000);
    expect(lead).toBeLessThan(timesRemembered);
    network.run(1_000);
    // The end of the burst, too.
    expect([...knownBefore.values()]).toEqual([state.time, state.time]);
  });

  test("costs an exchange with each for about every two hundred events, and none afterwards", () => {
    const { network, rounds, burst } = createWindow(["a", "b"]);
    burst(5_000, 4);
    network.run(60_000);
    expect(rounds.length / 2).toBeGreaterThan(5_000 / timesRemembered);
    expect(rounds.length / 2).toBeLessThan(5_000 / 150);
  });

  test("opens in a burst that begins soon after another, wherever the first was in coming to rest when an event of others came", () => {
    for (let pauseMs = 60; pauseMs < 300; pauseMs += 3) {
      const { network, state, burst } = createWindow(["a", "b"], () => 90);
      burst(1_000, 8);
      network.run(pauseMs);
      state.time += 1;
      network.run(25);
      expect([pauseMs, burst(1_000, 8).sent]).toEqual([pauseMs, 1_000]);
    }
  });

  test("is always open at a pace that gossip keeps up with, and asks nobody", () => {
    const { network, state, window, rounds } = createWindow(["a"]);
    for (let index = 0; index < 5_000; index++) {
      state.time += 1;
      window.noteOwn();
      expect(window.isOpen).toBe(true);
      network.run(2);
    }
    expect(rounds).toEqual([]);
  });

  test("waits for a member that does not answer as others do for two seconds, and then goes on without it", () => {
    const never = Number.POSITIVE_INFINITY;
    const { rounds, burst } = createWindow(["a", "b"], (name) => (name === "b" ? never : 20));
    const { sent, passedMs } = burst(5_000, 8);
    expect(sent).toBe(5_000);
    expect(passedMs).toBeGreaterThan(1_900);
    expect(passedMs).toBeLessThan(4_000);
    expect(rounds.filter((name) => name === "b")).toHaveLength(1);
  });

  test("waits longer where nobody answers: then it is time that lacks", () => {
    const { burst, rounds } = createWindow(["a", "b"], () => 5_000);
    const { sent, lead } = burst(1_000, 8);
    expect(sent).toBe(1_000);
    expect(lead).toBeLessThan(timesRemembered);
    const askedOf = (one: string) => rounds.filter((name) => name === one).length;
    expect(askedOf("a")).toBeGreaterThan(2);
    expect(askedOf("b")).toBe(askedOf("a"));
  });

  test("leaves out whoever cannot be reached", () => {
    const { rounds, burst } = createWindow(["a", "b"], (name) => (name === "a" ? -1 : 20));
    expect(burst(5_000, 8)).toMatchObject({ sent: 5_000 });
    expect(rounds.filter((name) => name === "a")).toHaveLength(1);
  });

  test("holds nobody back where nobody forgets, or too many do to exchange with each", () => {
    for (const count of [0, 17]) {
      const { rounds, burst } = createWindow(Array.from({ length: count }, (_, index) => `member-${index}`));
      expect(burst(5_000, 10)).toMatchObject({ sent: 5_000, passedMs: 500 });
      expect(rounds).toEqual([]);
    }
  });

  test("opens, and begins nothing more, when it is stopped", () => {
    const { network, state, window, rounds } = createWindow(["a"], () => 500);
    for (let index = 0; index < 450; index++) {
      state.time += 1;
      window.noteOwn();
    }
    expect(window.isOpen).toBe(false);
    window.stop();
    expect(window.isOpen).toBe(true);
    const before = rounds.length;
    network.run(10_000);
    expect(rounds).toHaveLength(before);
  });
});
