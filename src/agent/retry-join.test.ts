import { expect, test } from "vitest";
import type { JoinResult } from "../memberlist/joiner.ts";
import { type RetryJoinOptions, retryJoin } from "./retry-join.ts";

const refused: JoinResult = { joined: 0, failures: [{ address: "a", reason: "Failed to join a: refused" }] };

function setUp(outcomes: readonly JoinResult[], given: Partial<RetryJoinOptions> = {}) {
  const lines: string[] = [];
  const left = [...outcomes];
  const options: RetryJoinOptions = {
    addresses: ["a"],
    replay: false,
    intervalMs: 0,
    retriesMax: 0,
    join: async () => left.shift() ?? refused,
    logger: { enabled: () => true, log: (level, message) => lines.push(`[${level}] ${message}`) },
    stop: new AbortController().signal,
    ...given,
  };
  return { options, lines };
}

test("tries until somebody answers, in the reference's words", async () => {
  const { options, lines } = setUp([refused, { joined: 2, failures: refused.failures }]);
  expect(await retryJoin({ ...options, replay: true })).toBe("joined");
  expect(lines).toEqual([
    "[INFO] agent: Joining cluster...(replay: true)",
    "[WARN] agent: Join failed: 1 error occurred:\n\t* Failed to join a: refused\n\n, retrying in 0s",
    "[INFO] agent: Joining cluster...(replay: true)",
    "[INFO] agent: Join completed. Synced with 2 initial agents",
  ]);
});

test("gives up after one try more than may be repeated (detail 13)", async () => {
  const { options, lines } = setUp([], { retriesMax: 2 });
  expect(await retryJoin(options)).toBe("gave-up");
  expect(lines.filter((line) => line.includes("Joining"))).toHaveLength(3);
  expect(lines.at(-1)).toBe("[ERR] agent: maximum retry join attempts made, exiting");
});

test("stops at once when the agent ends while it waits", async () => {
  const controller = new AbortController();
  const { options } = setUp([], { intervalMs: 3_600_000, stop: controller.signal });
  const result = retryJoin(options);
  setImmediate(() => controller.abort());
  expect(await result).toBe("stopped");
});
