import { describe, expect, test } from "vitest";
import { BenchTimers } from "../plugins/bench-timers.ts";
import type { PluginDescription, ThreadSetup, ToThread } from "../plugins/thread/messages.ts";
import type { QueryEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";
import type { InstanceConfig } from "./instance-config.ts";
import { PluginAdmin } from "./plugin-admin.ts";
import { PluginHost } from "./plugin-host.ts";
import type { PluginInstance } from "./plugin-instance.ts";
import type { ThreadListener } from "./worker-thread.ts";

/** A thread of a test: it does what the test says, and remembers what it was told. */
class SimulatedThread {
  readonly posted: ToThread[] = [];
  readonly setup: ThreadSetup;
  readonly listener: ThreadListener;
  isAlive = true;
  hasLoaded = false;
  hasStarted = false;
  canBeEnded = true;

  constructor(setup: ThreadSetup, listener: ThreadListener) {
    this.setup = setup;
    this.listener = listener;
  }

  post(message: ToThread): void {
    if (this.isAlive) this.posted.push(message);
  }

  terminate(): void {
    if (this.canBeEnded) this.end("terminated");
  }

  end(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.listener.ended(why);
  }

  load(buildsOn: readonly string[] = []): void {
    const { instance: name } = this.setup;
    const description: PluginDescription = { name, description: "", buildsOn, actions: {}, options: [] };
    this.hasLoaded = true;
    const texts = Object.fromEntries(this.setup.texts ?? []);
    this.listener.received({ kind: "loaded", description, options: { ...this.setup.options, ...texts } });
  }

  start(): void {
    this.hasStarted = true;
    this.listener.received({ kind: "started" });
  }

  kinds(): string[] {
    return this.posted.map(({ kind }) => kind);
  }
}

function world() {
  const timers = new BenchTimers();
  const threads: SimulatedThread[] = [];
  const changes: ((name: string) => void)[] = [];
  const listeners: ((event: SerfEvent) => void)[] = [];
  const members = new Map<string, SerfMember>();
  const setMember = (name: string, status: SerfMember["status"] = "alive") => {
    members.set(name, { name, address: "10.0.0.1", port: 7946, tags: {}, status, versions: {} as never });
    for (const tell of changes) tell(name);
  };
  setMember("self");
  const agent = {
    serf: {
      get localMember() {
        return members.get("self")!;
      },
      members: () => [...members.values()],
      membership: {
        member: (name: string) => members.get(name),
        onChange: (tell: (name: string) => void) => void changes.push(tell),
      },
    },
    onEvent: (listener: (event: SerfEvent) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
    userEvent: async () => undefined,
    query: () => ({ timeoutMs: 1, stop: () => undefined }),
    updateTags: async () => undefined,
    leave: async () => undefined,
  };
  const log: string[] = [];
  const host = new PluginHost({
    agent,
    spawn: (setup, listener) => {
      const thread = new SimulatedThread(setup, listener);
      threads.push(thread);
      return thread;
    },
    timers,
    logger: { enabled: () => true, log: (level, line) => void log.push(`${level} ${line}`) },
    boxed: { base: { description: "Others build on it" } },
    files: undefined,
    packagesFolder: undefined,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const advance = async (ms: number): Promise<void> => {
    const untilMs = timers.nowMs() + ms;
    do await settle();
    while (timers.fireNext(untilMs));
  };
  /** An instance whose thread loads and starts at once. */
  const run = (name: string, buildsOn: readonly string[] = []): PluginInstance => {
    const instance = host.add(configOf(name));
    instance.begin();
    threads.at(-1)!.load(buildsOn);
    return instance;
  };
  const threadOf = (name: string) => threads.findLast(({ setup }) => setup.instance === name)!;
  const tell = (event: SerfEvent) => {
    for (const listener of listeners) listener(event);
  };
  return { host, log, timers, threads, members, setMember, settle, advance, run, threadOf, tell };
}

/** What a real thread would do next. `web` builds on `base`, and what has the option `bad` does not start. */
function obey(thread: SimulatedThread): void {
  const { instance, options } = thread.setup;
  const last = thread.kinds().at(-1);
  if (last === "stop") thread.listener.received({ kind: "stopped" });
  else if (!thread.hasLoaded) thread.load(instance === "web" ? ["base"] : []);
  else if (last !== "start" || thread.hasStarted) return;
  else if (options["bad"] === undefined) thread.start();
  else thread.listener.received({ kind: "notice", notice: { kind: "failed", reason: "bad" } });
}

function configOf(name: string): InstanceConfig {
  return { name, plugin: name, origin: { kind: "box" }, enabled: true, options: {} };
}

describe("a plugin that fails", () => {
  test("is started again after 1, 2, 4 ... 60 seconds, and after a minute of health after 1 again", async () => {
    const { run, threads, threadOf, advance, timers } = world();
    const instance = run("web");
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const [before, endedMs] = [threads.length, timers.nowMs()];
      threadOf("web").end("crashed");
      while (threads.length === before) await advance(500);
      waits.push((timers.nowMs() - endedMs) / 1000);
      threadOf("web").load();
      threadOf("web").start();
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(instance.restarts).toBe(9);
    for (let i = 0; i < 31; i++) {
      await advance(2000);
      threadOf("web").listener.received({ kind: "pong", bufferBytes: 0 });
    }
    threadOf("web").end("crashed");
    await advance(1000);
    expect(instance.restarts).toBe(10);
  });

  test.each([
    ["does not answer", 12_000, "it blocks its thread: no answer for 10 s"],
    ["answers with too many buffers", 0, "its buffers take more than 512 MiB of memory"],
  ])("by being one that %s", async (_, waitMs, problem) => {
    const { run, threadOf, advance } = world();
    const instance = run("web");
    threadOf("web").start();
    if (waitMs === 0) threadOf("web").listener.received({ kind: "pong", bufferBytes: 2 ** 30 });
    await advance(waitMs);
    expect([instance.state, instance.problem]).toEqual(["failed", problem]);
  });

  test("and that Node cannot end, by an error in the log", async () => {
    const { run, log, threadOf, advance } = world();
    run("web");
    threadOf("web").start();
    threadOf("web").canBeEnded = false;
    await advance(12_000);
    const why = "it blocks its thread: no answer for 10 s";
    const line = `ERR plugin.web: ${why}; but Node does not end its thread: only a restart of the agent does`;
    expect(log).not.toContain(line);
    await advance(5_000);
    expect(log).toContain(line);
  });

  test("says so itself, and has ten seconds to stop", async () => {
    const { run, threadOf, advance } = world();
    const instance = run("web");
    threadOf("web").start();
    threadOf("web").listener.received({ kind: "notice", notice: { kind: "failed", reason: "no disk" } });
    expect(threadOf("web").kinds().at(-1)).toBe("stop");
    await advance(9_999);
    expect(threadOf("web").isAlive).toBe(true);
    await advance(1);
    expect([threadOf("web").isAlive, instance.state, instance.problem]).toEqual([false, "failed", "no disk"]);
  });

  test("to load or to start in time", async () => {
    const { host, log, threadOf, advance } = world();
    host.add(configOf("web")).begin();
    const pong = () => threadOf("web").listener.received({ kind: "pong", bufferBytes: 0 });
    for (let i = 0; i < 21; i++) {
      await advance(2000);
      pong();
    }
    expect(log).toContain("ERR plugin.web: failed: it is not loaded within 30 s; it is started again in 1 s");
  });
});

describe("a plugin that builds on another", () => {
  test("starts when that one runs, and again when it does again", async () => {
    const { run, threadOf, settle, advance } = world();
    run("base");
    const web = run("web", ["base"]);
    expect(web.state).toBe("waiting");
    threadOf("base").start();
    expect(web.state).toBe("starting");
    threadOf("web").start();
    threadOf("base").end("crashed");
    await settle();
    expect([web.state, threadOf("web").kinds().at(-1)]).toEqual(["stopping", "stop"]);
    threadOf("web").listener.received({ kind: "stopped" });
    await settle();
    expect(web.state).toBe("loading");
    threadOf("web").load(["base"]);
    expect(web.state).toBe("waiting");
    await advance(1000);
    threadOf("base").load();
    threadOf("base").start();
    expect([web.state, web.restarts]).toEqual(["starting", 0]);
  });

  test("fails where that one is not there, or builds on it", async () => {
    const { run, threadOf, advance } = world();
    const web = run("web", ["nothing"]);
    await advance(10_000);
    expect(web.problem).toBe("it builds on nothing, which is not installed, or disabled");
    const [a, b] = [run("a", ["b"]), run("b", ["a"])];
    threadOf("b").listener.received({ kind: "stopped" });
    await advance(10);
    expect([a.state, b.problem]).toEqual(["waiting", "it builds on a and that on b: neither can be first"]);
  });
});

describe("a plugin of the box that others build on", () => {
  function admin() {
    const it = world();
    const pump = async (): Promise<void> => {
      for (const thread of it.threads.filter(({ isAlive }) => isAlive)) obey(thread);
      await it.settle();
    };
    const until = async <T>(work: Promise<T>): Promise<T> => {
      let done = false;
      const settled = work.finally(() => {
        done = true;
      });
      settled.catch(() => undefined);
      while (!done) await pump();
      for (let i = 0; i < 10; i++) await pump();
      return settled;
    };
    const views = () => [...it.host.instances.values()].map((one) => it.host.view(one));
    return { ...it, admin: new PluginAdmin(it.host), until, views };
  }

  test("runs for them, and is gone after the last of them", async () => {
    const { host, until, views, admin: operator } = admin();
    host.add(configOf("web")).begin();
    await until(Promise.resolve());
    expect(views()).toMatchObject([
      { instance: "web", state: "running", startedFor: [] },
      { instance: "base", state: "running", startedFor: ["web"] },
    ]);
    await expect(until(operator.disable("base"))).rejects.toThrow("base was not installed: it runs for web");
    await until(operator.remove("web"));
    expect(views()).toEqual([]);
  });

  test("counts as installed once it is configured, but not where that fails", async () => {
    const { host, until, views, admin: operator } = admin();
    host.add(configOf("web")).begin();
    await until(Promise.resolve());
    const change = (options: Record<string, string>) => until(operator.configure("base", Object.entries(options)));
    await expect(change({ bad: "1" })).rejects.toThrow("it does not start so: bad; it runs as before again");
    expect(views()).toMatchObject([
      { instance: "web", state: "running" },
      { instance: "base", state: "running", startedFor: ["web"] },
    ]);
    await change({ good: "1" });
    await until(operator.remove("web"));
    expect(views()).toMatchObject([{ instance: "base", state: "running", startedFor: [] }]);
  });
});

describe("news", () => {
  test("go as one parcel at a time, members as they are in the end, events within a bound", async () => {
    const { run, threadOf, setMember, members, tell, advance } = world();
    run("web");
    const thread = threadOf("web");
    thread.start();
    const parcels = () => thread.posted.flatMap((message) => (message.kind === "news" ? [message.news] : []));
    setMember("a");
    await advance(10);
    expect(parcels()).toMatchObject([{ changed: [{ name: "a", status: "alive" }], removed: [], events: [] }]);
    setMember("b");
    setMember("a", "failed");
    members.delete("a");
    setMember("self");
    for (let i = 0; i < 1100; i++)
      tell({ kind: "user", name: `e${i}`, payload: new Uint8Array(0), lamportTime: i, coalesce: false });
    await advance(1000);
    expect(parcels()).toHaveLength(1);
    thread.listener.received({ kind: "news-taken" });
    await advance(10);
    const [, second] = parcels();
    expect(second).toMatchObject({ changed: [{ name: "b" }, { name: "self" }], removed: ["a"] });
    expect([second?.events.length, second?.events[0]]).toMatchObject([1024, { kind: "user", event: { name: "e76" } }]);
  });

  test("include queries that it answers, and its answer goes to who asked", async () => {
    const { run, threadOf, tell } = world();
    run("web");
    const thread = threadOf("web");
    thread.start();
    const answers: string[] = [];
    const query = (name: string): QueryEvent => ({
      kind: "query",
      name,
      payload: new Uint8Array(0),
      lamportTime: 1,
      sourceNode: "b",
      timeoutMs: 1000,
      respond: (payload) => void answers.push(Buffer.from(payload).toString()),
    });
    thread.listener.received({ kind: "notice", notice: { kind: "answering", names: ["uptime"] } });
    tell(query("other"));
    tell(query("uptime"));
    const asked = thread.posted.flatMap((message) => (message.kind === "query" ? [message] : []));
    expect(asked).toMatchObject([{ query: { name: "uptime", sourceNode: "b" } }]);
    thread.listener.received({ kind: "query-answer", id: asked[0]!.id, answer: Buffer.from("5 days") });
    expect(answers).toEqual(["5 days"]);
  });
});

test("a plugin that asks too much is let through slowly, and refused beyond", async () => {
  const { run, threadOf, advance } = world();
  run("web");
  const thread = threadOf("web");
  thread.start();
  for (let id = 1; id <= 2000; id++)
    thread.listener.received({ kind: "request", id, name: "update-tags", input: { set: {}, remove: [] } });
  await advance(0);
  const count = (kind: string) => thread.kinds().filter((one) => one === kind).length;
  expect([count("granted"), count("refused")]).toEqual([500, 2000 - 500 - 1024]);
  await advance(1000);
  expect(count("granted")).toBeGreaterThanOrEqual(990);
  expect(count("granted")).toBeLessThanOrEqual(1001);
});

test("stopping the host stops what builds on others first", async () => {
  const { host, run, threadOf, settle } = world();
  run("base");
  run("web", ["base"]);
  threadOf("base").start();
  threadOf("web").start();
  const stopped = host.stop();
  await settle();
  expect([threadOf("base").kinds().at(-1), threadOf("web").kinds().at(-1)]).toEqual(["start", "stop"]);
  threadOf("web").listener.received({ kind: "stopped" });
  await settle();
  expect(threadOf("base").kinds().at(-1)).toBe("stop");
  threadOf("base").listener.received({ kind: "stopped" });
  await stopped;
});
