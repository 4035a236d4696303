import { expect, test } from "vitest";
import type { JoinResult } from "../memberlist/joiner.ts";
import { Joins } from "./joins.ts";

test("joins run one after another, and each decides for itself whether to replay", () => {
  const started: { addresses: readonly string[]; finish: (result: JoinResult) => void }[] = [];
  const joins = new Joins((addresses, done) => void started.push({ addresses, finish: done }));
  const log: string[] = [];
  expect(joins.replays).toBe(true);
  joins.join(["a"], false, ({ joined }) => log.push(`a ${joined}`));
  joins.join(["b"], true, ({ joined }) => log.push(`b ${joined}`));
  expect(started.map(({ addresses }) => addresses)).toEqual([["a"]]);
  expect(joins.replays).toBe(false);
  started[0]!.finish({ joined: 1, failures: [] });
  expect(started.map(({ addresses }) => addresses)).toEqual([["a"], ["b"]]);
  expect(joins.replays).toBe(true);
  started[1]!.finish({ joined: 0, failures: [] });
  expect(log).toEqual(["a 1", "b 0"]);
});
