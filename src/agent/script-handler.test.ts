/** Real shells, since they are what an operator's scripts meet; nothing sleeps, every wait is for a log line. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { serfMember } from "../../test/support/members.ts";
import type { LogLevel } from "../base/host.ts";
import type { SerfEvent } from "../serf/events.ts";
import { RecordingMetrics } from "../simulator/recorder.ts";
import { parseEventHandler } from "./event-handler.ts";
import { ScriptHandler } from "./script-handler.ts";

const self = serfMember("self", { tags: { role: "web", "a-b.c": "x y" } });

function userEvent(name: string, payload = "", lamportTime = 7): SerfEvent {
  return { kind: "user", name, payload: Buffer.from(payload), lamportTime, coalesce: false };
}

/** A query that keeps what it was answered, and takes no more than `bytesMax`. */
function query(name: string, payload: string, bytesMax = 1024): SerfEvent & { readonly answers: string[] } {
  const answers: string[] = [];
  const respond = (answer: Uint8Array): void => {
    if (answer.length > bytesMax) throw new Error(`response exceeds limit of ${bytesMax} bytes`);
    answers.push(Buffer.from(answer).toString());
  };
  const common = { kind: "query", lamportTime: 7, sourceNode: "a", timeoutMs: 1000 } as const;
  return { ...common, name, payload: Buffer.from(payload), respond, answers };
}

/** A handler whose log can be waited for. */
class Harness {
  readonly lines: string[] = [];
  readonly metrics = new RecordingMetrics();
  readonly handler: ScriptHandler;
  private readonly waiting: { count: number; pattern: RegExp; resolve: () => void }[] = [];

  constructor(
    handlers: readonly string[],
    limits: { queueLengthMax?: number; slowMs?: number } = {},
    tags: Readonly<Record<string, string>> = self.tags,
  ) {
    const scripts = handlers.flatMap((text) => {
      const parsed = parseEventHandler(text);
      if ("problem" in parsed) throw new Error(parsed.problem);
      return parsed;
    });
    const log = (level: LogLevel, message: string) => {
      this.lines.push(`[${level}] ${message}`);
      for (const { count, pattern, resolve } of this.waiting) if (this.matching(pattern).length >= count) resolve();
    };
    this.handler = new ScriptHandler({
      scripts,
      ...limits,
      self: () => ({ ...self, tags }),
      logger: { enabled: () => true, log },
      metrics: this.metrics,
    });
  }

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  logged(pattern: RegExp, count = 1): Promise<void> {
    if (this.matching(pattern).length >= count) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ count, pattern, resolve }));
  }

  /** What the script printed, once it ended. */
  async outputs(event: SerfEvent, count = 1): Promise<string[]> {
    this.handler.handle(event);
    await this.logged(/script output/, count);
    return this.matching(/script output/).map((line) => line.replace(/^.*? script output: /, ""));
  }
}

describe.skipIf(process.platform === "win32")("a handler script", () => {
  test("learns of the event and of this node by its environment (detail 12)", async () => {
    const variables =
      "$SERF_EVENT|$SERF_SELF_NAME|$SERF_SELF_ROLE|$SERF_TAG_ROLE|$SERF_TAG_A_B_C|$SERF_USER_EVENT|$SERF_USER_LTIME";
    const harness = new Harness([`user=echo "${variables}"; env | grep ^SERF_ | grep -vc ^SERF_TS_`]);
    expect(await harness.outputs(userEvent("deploy"))).toEqual(["user|self|web|web|x y|deploy|7\n7\n"]);
    expect(harness.lines[0]).toMatch("[DEBUG] agent: Event 'user' script output: ");
  });

  test("reads the payload, with a line feed appended if there is none (detail 12)", async () => {
    const script = 'user=while read line; do echo "<$line>"; done';
    expect(await new Harness([script]).outputs(userEvent("a", "one\ntwo"))).toEqual(["<one>\n<two>\n"]);
    expect(await new Harness([script]).outputs(userEvent("a", "one\n"))).toEqual(["<one>\n"]);
    expect(await new Harness([script]).outputs(userEvent("a", ""))).toEqual([""]);
  });

  test("reads a line a member, its columns apart by tabs and free of them (detail 12)", async () => {
    const members = [serfMember("one", { tags: { role: "db", x: "a\tb" } }), serfMember("t\two\n", { tags: {} })];
    const event: SerfEvent = { kind: "member-join", members };
    expect(await new Harness(["member-join=cat; echo $SERF_USER_EVENT"]).outputs(event)).toEqual([
      "one\t10.0.0.1\tdb\trole=db,x=a\\tb\nt\\two\\n\t10.0.0.1\t\t\n\n",
    ]);
  });

  test("takes names, tags and payloads of strangers for text, whatever shells make of such", async () => {
    const marker = join(mkdtempSync(join(tmpdir(), "serf-ts-")), "made-by-injection");
    const wicked = `'"\`touch ${marker}\`$(touch ${marker}); touch ${marker}\n\r\\x | & * ~ \u2028`;
    const harness = new Harness(['*=printf "%s|" "$SERF_USER_EVENT" "$SERF_TAG_A_B_C"; cat'], {}, { "a;b\nc": wicked });
    expect(await harness.outputs(userEvent(wicked, wicked))).toEqual([`${wicked}|${wicked}|${wicked}\n`]);
    const stranger = serfMember(wicked, { tags: { [wicked]: wicked, role: wicked } });
    harness.handler.handle({ kind: "member-join", members: [stranger] });
    await harness.logged(/script output/, 2);
    expect(harness.lines.at(-1)).toContain(wicked.replaceAll("\n", "\\n"));
    expect(existsSync(marker)).toBe(false);
    rmSync(dirname(marker), { recursive: true });
  });

  test("gets variables of names that a shell knows, and none but Serf's, whatever tags are called", async () => {
    const tags = { "LD_PRELOAD=/x": "1", "=": "2", "": "3", "ä\0": "4", PATH: "/nowhere", "a\nPATH=": "5" };
    const harness = new Harness(
      ["user=env | grep -a SERF_TAG_ | sort; command -v env >/dev/null && echo found"],
      {},
      tags,
    );
    const [output = ""] = await harness.outputs(userEvent("deploy"));
    expect(output.trimEnd().split("\n")).toEqual([
      "SERF_TAG_=3",
      "SERF_TAG_A_PATH_=5",
      "SERF_TAG_LD_PRELOAD__X=1",
      "SERF_TAG_PATH=/nowhere",
      "SERF_TAG__=2",
      "SERF_TAG___=4",
      "found",
    ]);
  });

  test("is not run on events it was not chosen for", async () => {
    const harness = new Harness(["user:other=echo other", "query=echo query", "user:deploy=echo deploy"]);
    expect(await harness.outputs(userEvent("deploy"))).toEqual(["deploy\n"]);
  });

  test("has its stdout and stderr joined in the order it wrote to them (detail 12)", async () => {
    const harness = new Harness(["*=echo 1; echo 2 >&2; echo 3; echo 4 >&2"]);
    expect(await harness.outputs(userEvent("a"))).toEqual(["1\n2\n3\n4\n"]);
  });

  test("has only the last 8 KiB of its output kept, with a warning", async () => {
    const harness = new Harness(["*=head -c 100000 /dev/zero | tr '\\0' x; printf end"]);
    const [output] = await harness.outputs(userEvent("a"));
    expect(output).toHaveLength(8192);
    expect(output).toMatch(/^x+end$/);
    expect(harness.matching(/WARN/)).toEqual([
      expect.stringMatching(/^\[WARN\] agent: Script '.*' generated 100003 bytes of output, truncated to 8192$/),
    ]);
  });

  test("need not read its input (detail 12)", async () => {
    const harness = new Harness(["*=exec 0<&-; echo done"]);
    expect(await harness.outputs(userEvent("a", "x".repeat(1_000_000)))).toEqual(["done\n"]);
    expect(harness.matching(/ERR|WARN/)).toEqual([]);
  });

  test.each([
    ["exit 3", "exit status 3"],
    ["kill -9 $$", "signal: killed"],
    ["/nowhere/script.sh", "exit status 127"],
  ])("that fails is logged: %s", async (script, problem) => {
    const harness = new Harness([`*=${script}`]);
    await harness.outputs(userEvent("a"));
    expect(harness.matching(/ERR/)).toEqual([`[ERR] agent: Error invoking script '${script}': ${problem}`]);
  });

  test("whose environment cannot be set is logged, and the next event still runs", async () => {
    const harness = new Harness(["*=echo $SERF_USER_EVENT"]);
    harness.handler.handle(userEvent("zero\0byte"));
    expect(await harness.outputs(userEvent("fine"), 2)).toEqual(["", "fine\n"]);
    expect(harness.matching(/ERR/)).toHaveLength(1);
  });

  test("that is slow is warned of while it runs", async () => {
    const harness = new Harness(["*=sleep 0.1"], { slowMs: 10 });
    await harness.outputs(userEvent("a"));
    expect(harness.lines).toEqual([
      "[WARN] agent: Script 'sleep 0.1' slow, execution exceeding 10ms",
      "[DEBUG] agent: Event 'user' script output: ",
    ]);
  });

  test("is measured", async () => {
    const harness = new Harness(["*=true"]);
    await harness.outputs(userEvent("a"));
    expect(harness.metrics.samples.get("agent.invoke.true")?.count).toBe(1);
  });
});

describe.skipIf(process.platform === "win32")("lanes", () => {
  test("one script's runs stay in order and never overlap", async () => {
    const harness = new Harness(["*=echo start; read word; echo $word"]);
    for (const word of ["one", "two", "three", "four"]) harness.handler.handle(userEvent("a", word));
    await harness.logged(/script output/, 4);
    expect(harness.lines.map((line) => line.split("start\n")[1])).toEqual(["one\n", "two\n", "three\n", "four\n"]);
  });

  test("a script does not wait for another one that hangs (accident 22, serf#369)", async () => {
    // `cat` on a named pipe ends only when the second script, which must not wait for the first, writes to it.
    const pipe = `/tmp/serf-ts-lane-${process.pid}`;
    const harness = new Harness([
      `user=mkfifo ${pipe} 2>/dev/null; cat ${pipe}; rm ${pipe}`,
      `user=mkfifo ${pipe} 2>/dev/null; echo freed > ${pipe}; echo second`,
    ]);
    harness.handler.handle(userEvent("a"));
    await harness.logged(/script output/, 2);
    expect(harness.matching(/freed/)).toHaveLength(1);
    expect(harness.matching(/second/)).toHaveLength(1);
  });

  test("a script that falls too far behind loses its oldest events, with a warning", async () => {
    const harness = new Harness(["*=read word; echo $word"], { queueLengthMax: 2 });
    for (const word of ["one", "two", "three", "four", "five"]) harness.handler.handle(userEvent("a", word));
    await harness.logged(/five/);
    expect(harness.lines.map((line) => line.replace(/.*output: /, ""))).toEqual([
      "one\n",
      "[WARN] agent: Script 'read word; echo $word' is behind, 2 events were dropped",
      "four\n",
      "five\n",
    ]);
  });

  test("new scripts count from the next event on", async () => {
    const harness = new Harness(["*=echo old"]);
    await harness.outputs(userEvent("a"));
    harness.handler.setScripts([{ filter: { event: "*", name: "" }, script: "echo new" }]);
    expect(await harness.outputs(userEvent("a"), 2)).toEqual(["old\n", "new\n"]);
  });

  test("after a stop what runs goes on, and nothing that waits or comes later is run", async () => {
    const harness = new Harness(["*=read word; echo $word"]);
    for (const word of ["one", "two"]) harness.handler.handle(userEvent("a", word));
    harness.handler.stop();
    harness.handler.handle(userEvent("a", "three"));
    await harness.logged(/one/);
    // Another harness's run takes as long as a second run here would.
    await new Harness(["*=true"]).outputs(userEvent("a"));
    expect(harness.matching(/script output/)).toHaveLength(1);
  });
});

/** A handler as an operator writes it where it has limits. */
function limited(script: string, rest: object): string {
  return JSON.stringify({ events: "*", script, ...rest });
}

describe.skipIf(process.platform === "win32")("a time limit", () => {
  test("ends a script with all that it started, and its query goes unanswered", async () => {
    const asked = query("load", "");
    const harness = new Harness([limited("echo begun; sleep 60 | cat", { timeout: "50ms" })]);
    await harness.outputs(asked);
    expect(harness.lines.at(-1)).toBe(
      "[ERR] agent: Error invoking script 'echo begun; sleep 60 | cat': time limit of 50ms exceeded",
    );
    expect(harness.metrics.counters.get("agent.handler.timeout")).toBe(1);
    expect(asked.answers).toEqual([]);
  });

  test("asks politely first: a script may still clean up", async () => {
    const script = "trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.02; done";
    const harness = new Harness([limited(script, { timeout: "100ms" })]);
    expect(await harness.outputs(userEvent("a"))).toEqual([expect.stringMatching(/cleaned\n$/)]);
    expect(harness.matching(/time limit of 100ms exceeded/)).toHaveLength(1);
  });

  test("does not touch a script that keeps it, nor the next one in its lane", async () => {
    const harness = new Harness([limited("read word; echo $word", { timeout: "10s" })]);
    harness.handler.handle(userEvent("a", "one"));
    expect(await harness.outputs(userEvent("a", "two"), 2)).toEqual(["one\n", "two\n"]);
    expect(harness.matching(/ERR/)).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("a concurrency of two", () => {
  test("lets two runs go on at a time, begun in order, and no third", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-lane-"));
    const pipe = join(folder, "pipe");
    // The first run ends only when the second writes to the pipe, which it does late enough for a third to end before.
    const script = `mkfifo ${pipe} 2>/dev/null; read word; case $word in one) cat ${pipe};; two) sleep 0.2; echo met >${pipe};; *) echo $word;; esac`;
    const harness = new Harness([limited(script, { concurrency: 2 })]);
    for (const word of ["one", "two"]) harness.handler.handle(userEvent("a", word));
    const outputs = await harness.outputs(userEvent("a", "three"), 3);
    rmSync(folder, { recursive: true });
    expect([...outputs].sort()).toEqual(["", "met\n", "three\n"]);
    expect(outputs[0]).not.toBe("three\n");
  });
});

describe("a filter by tag", () => {
  const web = serfMember("web-1", { tags: { role: "web" } });
  const db = serfMember("db-1", { tags: { role: "db" } });

  test("keeps of a member event the members that have the tag, and leaves out an event without any", async () => {
    const harness = new Harness([limited("cut -f1", { tags: { role: "web|cache" } })]);
    harness.handler.handle({ kind: "member-join", members: [db] });
    expect(await harness.outputs({ kind: "member-join", members: [db, web] })).toEqual(["web-1\n"]);
  });

  test("of user events and queries asks for the tags of this node", async () => {
    const harness = new Harness([
      limited("echo as db", { tags: { role: "db" } }),
      limited("echo as web", { tags: { role: "web" } }),
    ]);
    harness.handler.handle(userEvent("a"));
    expect(await harness.outputs(userEvent("b"), 2)).toEqual(["as web\n", "as web\n"]);
  });
});

describe("a script that handles a query", () => {
  test("is told its name and time, reads its payload, and answers by what it prints", async () => {
    const harness = new Harness(['query:load=read word; echo "$SERF_EVENT $SERF_QUERY_NAME $SERF_QUERY_LTIME $word"']);
    const asked = query("load", "cpu");
    await harness.outputs(asked);
    expect(asked.answers).toEqual(["query load 7 cpu\n"]);
  });

  test("does not answer by failing, nor by printing nothing", async () => {
    const asked = query("load", "");
    await new Harness(["query=echo out; exit 3"]).outputs(asked);
    await new Harness(["query=true"]).outputs(asked);
    expect(asked.answers).toEqual([]);
  });

  test("is warned of when its answer is refused", async () => {
    const harness = new Harness(["query=echo too long an answer"]);
    await harness.outputs(query("load", "", 5));
    expect(harness.matching(/Failed to respond/)).toEqual([
      "[WARN] agent: Failed to respond to query 'query: load': failed to respond to key query: response exceeds limit of 5 bytes",
    ]);
  });
});
