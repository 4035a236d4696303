import { expect, test } from "vitest";
import { type AgentSignal, type Supervision, superviseAgent } from "./supervisor.ts";

const never = new Promise<void>(() => undefined);

/** An agent whose leave takes as long as the test wants, and signals that the test sends. */
function setUp(given: { leave?: () => Promise<void>; leaves?: boolean; reload?: () => Promise<void> } = {}) {
  const { leave = async () => undefined, leaves = true, reload = async () => undefined } = given;
  const said: string[] = [];
  const listeners = new Set<(signal: AgentSignal) => void>();
  let end: () => void = () => undefined;
  let giveUp: () => void = () => undefined;
  const supervision: Supervision = {
    agent: {
      ended: new Promise((resolve) => {
        end = resolve;
      }),
      leavesOn: () => leaves,
      leaveCluster: leave,
    },
    onSignal: (receive) => {
      listeners.add(receive);
      return () => listeners.delete(receive);
    },
    gaveUp: new Promise((resolve) => {
      giveUp = resolve;
    }),
    reload,
    say: (text) => said.push(text),
    gracefulTimeoutMs: 20,
  };
  const signal = (name: AgentSignal) => {
    for (const receive of [...listeners]) receive(name);
  };
  return { supervision, said, signal, end: () => end(), giveUp: () => giveUp(), listeners };
}

test("an interrupt leaves gracefully and exits 0", async () => {
  const { supervision, said, signal, listeners } = setUp();
  const exit = superviseAgent(supervision);
  signal("SIGINT");
  expect(await exit).toBe(0);
  expect(said).toEqual(["Caught signal: interrupt", "Gracefully shutting down agent..."]);
  expect(listeners.size).toBe(0);
});

test("a signal that does not mean to leave exits 1 at once", async () => {
  const { supervision, said, signal } = setUp({ leaves: false });
  const exit = superviseAgent(supervision);
  signal("SIGTERM");
  expect(await exit).toBe(1);
  expect(said).toEqual(["Caught signal: terminated"]);
});

test("a second signal while leaving exits 1 (detail 13)", async () => {
  const { supervision, signal } = setUp({ leave: () => never });
  const exit = superviseAgent({ ...supervision, gracefulTimeoutMs: 3_600_000 });
  signal("SIGINT");
  signal("SIGINT");
  expect(await exit).toBe(1);
});

test("a leave that takes too long exits 1 (detail 13)", async () => {
  const { supervision, signal } = setUp({ leave: () => never });
  const exit = superviseAgent(supervision);
  signal("SIGINT");
  expect(await exit).toBe(1);
});

test("a leave that fails says why and exits 1", async () => {
  const { supervision, said, signal } = setUp({ leave: () => Promise.reject(new Error("Leave already in progress")) });
  const exit = superviseAgent(supervision);
  signal("SIGINT");
  expect(await exit).toBe(1);
  expect(said.at(-1)).toBe("Error: Leave already in progress");
});

test("a hangup reloads and the agent goes on", async () => {
  let reloads = 0;
  const { supervision, said, signal } = setUp({
    reload: async () => {
      reloads += 1;
    },
  });
  const exit = superviseAgent(supervision);
  signal("SIGHUP");
  signal("SIGHUP");
  expect(reloads).toBe(2);
  expect(said).toEqual(["Caught signal: hangup", "Caught signal: hangup"]);
  signal("SIGINT");
  expect(await exit).toBe(0);
});

test("an agent that ended by itself, as after a leave by RPC, exits 0, and a join given up exits 1 (detail 13)", async () => {
  const left = setUp();
  const exitLeft = superviseAgent(left.supervision);
  left.end();
  expect(await exitLeft).toBe(0);
  const lost = setUp();
  const exitLost = superviseAgent(lost.supervision);
  lost.giveUp();
  expect(await exitLost).toBe(1);
});
