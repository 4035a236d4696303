import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { JoinResult } from "../memberlist/joiner.ts";
import { PersistentJoin } from "./persistent-join.ts";

const plan = { retryIntervalMs: 3_600_000, retryMax: 0, replay: false };

function setUp() {
  const tried: string[] = [];
  const answering = new Set<string>();
  const join = async (addresses: readonly string[]): Promise<JoinResult> => {
    tried.push(addresses.join(" "));
    const joined = addresses.filter((address) => answering.has(address)).length;
    return { joined, failures: joined > 0 ? [] : [{ address: "x", reason: "refused" }] };
  };
  const joining = new PersistentJoin(join, { enabled: () => true, log: () => undefined });
  const follow = async (addresses: readonly string[], more: Partial<typeof plan> = {}) => {
    joining.follow({ ...plan, ...more, retryJoin: addresses });
    await setImmediate();
  };
  return { tried, answering, joining, follow };
}

test("goes on with a plan that stays the same", async () => {
  const { tried, follow, joining } = setUp();
  await follow(["a"]);
  await follow(["a"]);
  expect(tried).toEqual(["a"]);
  joining.stop();
});

test("leaves a plan that nobody answered for another, at once (accident 23, serf#392)", async () => {
  const { tried, follow, joining } = setUp();
  await follow(["a"]);
  await follow(["b"]);
  await follow(["b"], { retryIntervalMs: 7_200_000 });
  expect(tried).toEqual(["a", "b", "b"]);
  await follow([]);
  expect(tried).toHaveLength(3);
  joining.stop();
});

test("joins again after somebody answered only if an address is new (accident 23, serf#392)", async () => {
  const { tried, answering, follow } = setUp();
  answering.add("a");
  await follow(["a", "b"]);
  await follow(["a"]);
  await follow(["a"], { retryIntervalMs: 1 });
  expect(tried).toEqual(["a b"]);
  await follow(["a", "c"]);
  expect(tried).toEqual(["a b", "a c"]);
});

test("tells when it gives up, but not of a plan that was left before", async () => {
  const { follow, joining } = setUp();
  let gaveUp = false;
  void joining.gaveUp.then(() => {
    gaveUp = true;
  });
  joining.follow({ ...plan, retryJoin: ["a"], retryIntervalMs: 0, retryMax: 1 });
  await follow(["b"]);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  expect(gaveUp).toBe(false);
  await follow(["b"], { retryIntervalMs: 0, retryMax: 1 });
  await joining.gaveUp;
});
