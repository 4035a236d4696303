import { describe, expect, test } from "vitest";
import { durationMs, integer, text } from "../base/options.ts";
import { createPluginBench } from "./bench.ts";
import { definePlugin, type PluginContext } from "./plugin.ts";

/** A plugin whose `start` is the test's own. */
function pluginOf(start: (context: PluginContext) => object | Promise<object>) {
  return definePlugin({ name: "probe", description: "For tests", options: {}, start });
}

/** A running plugin that has handed out its context. */
async function running(options: Parameters<typeof createPluginBench>[1] = {}) {
  let context: PluginContext | undefined;
  const plugin = pluginOf((given) => {
    context = given;
    return {};
  });
  const bench = await createPluginBench(plugin, options).start();
  return { bench, context: context! };
}

describe("members on the bench", () => {
  test("are listed by name, this node among them, and the listener comes after the change", async () => {
    const { bench, context } = await running({ self: "m", members: [{ name: "z", tags: { role: "web" } }] });
    const seen: string[] = [];
    context.members.onChange(() =>
      seen.push(
        context.members
          .list()
          .map(({ name }) => name)
          .join(" "),
      ),
    );
    bench.setMember({ name: "a" });
    bench.reapMember("z");
    expect(seen).toEqual(["a m z", "a m"]);
    expect(context.members.self()).toMatchObject({ name: "m", status: "alive" });
  });

  test("bring the events of an agent, of which leaving is none", async () => {
    const { bench, context } = await running();
    const seen: string[] = [];
    context.events.onMembers("*", (members, kind) => seen.push(`${kind} ${members[0]?.name}`));
    context.events.onMembers("member-failed", () => seen.push("failed only"));
    bench.setMember({ name: "a" });
    bench.setMember({ name: "a", tags: { x: "1" } });
    bench.setMember({ name: "a", status: "failed" });
    bench.setMember({ name: "a", status: "alive" });
    bench.setMember({ name: "a", status: "leaving" });
    bench.setMember({ name: "a", status: "left" });
    bench.reapMember("a");
    expect(seen.map((line) => line.replace(/ a$/, ""))).toEqual([
      "member-join",
      "member-update",
      "member-failed",
      "failed only",
      "member-join",
      "member-leave",
      "member-reap",
    ]);
  });

  test("that change while the plugin starts are told when it has", async () => {
    const seen: string[] = [];
    let proceed = (): void => undefined;
    const plugin = pluginOf(async ({ members }) => {
      members.onChange(() => seen.push("changed"));
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      seen.push(`started with ${members.list().length}`);
      return {};
    });
    const bench = createPluginBench(plugin);
    const started = bench.start();
    bench.setMember({ name: "early" });
    proceed();
    await started;
    expect(seen).toEqual(["started with 2", "changed"]);
  });
});

describe("a plugin's failure", () => {
  test.each<[string, (context: PluginContext) => void]>([
    ["a throw of a listener", ({ members }) => void members.onChange(() => raise("broken"))],
    ["a rejection of one", ({ members }) => void members.onChange(async () => raise("broken"))],
    ["a throw in a timer", ({ scheduler }) => void scheduler.after(5, () => raise("broken"))],
    ["a rejection in one", ({ scheduler }) => void scheduler.every(5, async () => raise("broken"))],
    ["what it says itself", ({ fail }) => fail(new Error("broken"))],
  ])("is %s", async (_, cause) => {
    const { bench, context } = await running();
    cause(context);
    bench.setMember({ name: "a" });
    await bench.advance(5);
    expect(bench.failure).toBe("broken");
  });

  test("is not a query that it cannot answer", async () => {
    const { bench, context } = await running();
    context.queries.answer("uptime", () => raise("no clock"));
    expect(await bench.query("uptime")).toBeUndefined();
    expect(bench.log).toEqual(["ERR query uptime is not answered: no clock"]);
    expect(bench.failure).toBeUndefined();
  });

  test("of start rejects", async () => {
    await expect(createPluginBench(pluginOf(() => raise("no port"))).start()).rejects.toThrow("no port");
    await expect(createPluginBench(pluginOf(() => undefined as never)).start()).rejects.toThrow(
      "must return an object",
    );
  });
});

describe("what a plugin asks of its agent", () => {
  test("is recorded: events, queries, tags, leaving, status", async () => {
    const { bench, context } = await running({
      ask: (name) => ({ responses: [{ from: "b", payload: Buffer.from(`${name}!`) }] }),
    });
    await context.events.send("deploy", "v1");
    const { acks, responses } = await context.queries.ask("uptime", "", { filterNodes: ["b"] });
    await context.tags.update({ ready: "1" });
    await context.tags.update({ role: "web" }, ["ready"]);
    await context.agent.leave();
    context.setStatus("3 servers");
    context.setProblem("one is down");
    expect(bench).toMatchObject({
      sentEvents: [{ name: "deploy", payload: "v1", coalesce: true }],
      askedQueries: [{ name: "uptime", payload: "", options: { filterNodes: ["b"] } }],
      tags: { role: "web" },
      hasLeft: true,
      status: "3 servers",
      problem: "one is down",
    });
    expect([acks, responses.map(({ payload }) => payload.toString())]).toEqual([[], ["uptime!"]]);
    expect(context.members.self().tags).toEqual({ role: "web" });
  });

  test("reaches only the plugins it builds on, with what can be cloned", async () => {
    const plugin = definePlugin({
      name: "user",
      description: "Uses another",
      options: {},
      buildsOn: ["base"],
      start: async ({ use, logger }) => {
        const base = use<{ double(n: number): number }>("base");
        logger.info(String(await base.double(21)));
        expect(() => use("other")).toThrow("user does not name other in buildsOn");
        return {};
      },
    });
    const bench = await createPluginBench(plugin, { uses: { base: { double: (n: number) => 2 * n } } }).start();
    expect(bench.log).toEqual(["INFO 42"]);
  });
});

describe("the options of a plugin", () => {
  const plugin = definePlugin({
    name: "options",
    description: "Has some",
    options: {
      waitMs: { type: durationMs(0, 60_000), default: 1000, doc: "How long." },
      count: { type: integer(1, 9), default: 3, doc: "How many." },
      label: { type: text(), default: "", doc: "Which." },
    },
    checkOptions: ({ count, label }) => (count > 5 && label === "" ? "more than 5 need a label" : undefined),
    start: ({ options, setStatus }) => {
      setStatus(JSON.stringify(options));
      return {};
    },
  });

  test("are given by name or as a file has them, and completed", async () => {
    const byName = await createPluginBench(plugin, { options: { count: 4 } }).start();
    const byKey = await createPluginBench(plugin, { fileOptions: { wait: "2s", count: 4 } }).start();
    expect([byName.status, byKey.status]).toEqual([
      '{"waitMs":1000,"count":4,"label":""}',
      '{"waitMs":2000,"count":4,"label":""}',
    ]);
  });

  test.each([
    [{ count: 10 }, "count: must be an integer from 1 to 9, is 10"],
    [{ cont: 1 }, 'unknown option "cont", did you mean "count"?'],
    [{ wait: 5 }, 'wait: must be a duration like "30s", in quotes'],
    [{ count: 6 }, "more than 5 need a label"],
  ])("%j are refused", (fileOptions, problem) => {
    expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
  });
});

describe("a declaration", () => {
  test.each([
    [undefined, "the module has no export named `plugin`"],
    [{ name: "No" }, "the plugin's name must be"],
    [{ name: "a", description: "two\nlines" }, "the description of a must be one line"],
    [{ name: "a", description: "" }, "a has no function start"],
    [{ name: "a", description: "", start: () => ({}), buildsOn: ["a"] }, "a builds on itself"],
    [{ name: "a", description: "", start: () => ({}), options: { b: {} } }, "option b of a must have type"],
  ])("like %j is none", (declared, problem) => {
    expect(() => createPluginBench(declared as never)).toThrow(problem);
  });
});

function raise(message: string): never {
  throw new Error(message);
}
