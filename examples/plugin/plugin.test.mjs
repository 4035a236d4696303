import assert from "node:assert/strict";
import { test } from "node:test";
import { createPluginBench } from "serf-ts/plugins";
import { plugin } from "./index.mjs";

test("the tag follows the members, half a second after the last change", async () => {
  const bench = createPluginBench(plugin, { options: { role: "db", least: 2 } });
  await bench.start();
  assert.deepEqual(bench.tags, { quorum: "no" });
  assert.equal(bench.problem, "2 are needed");

  bench.setMember({ name: "db-1", tags: { role: "db" } });
  bench.setMember({ name: "db-2", tags: { role: "db" } });
  bench.setMember({ name: "web-1", tags: { role: "web" } });
  await bench.advance(500);
  assert.deepEqual([bench.tags, bench.status, bench.problem], [{ quorum: "yes" }, "2 alive", undefined]);

  bench.setMember({ name: "db-2", status: "failed" });
  await bench.advance(500);
  assert.deepEqual(bench.tags, { quorum: "no" });
  assert.equal(await bench.action("count"), "1 of 2");
  assert.deepEqual(bench.log, ["INFO quorum: no", "INFO quorum: yes", "INFO quorum: no"]);
  await bench.stop();
});

test("a number that makes no sense is refused", () => {
  assert.throws(() => createPluginBench(plugin, { fileOptions: { least: 0 } }), /least: must be an integer from 1/);
});
