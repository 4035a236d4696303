import fc from "fast-check";
import { expect, test } from "vitest";
import { BenchTimers } from "../plugins/bench-timers.ts";
import type { Programs } from "../plugins/programs.ts";
import type { FromThread } from "../plugins/thread/messages.ts";
import type { AgentServices } from "./agent-services.ts";
import { PluginRun } from "./plugin-run.ts";
import type { ThreadListener } from "./worker-thread.ts";

/** A run whose thread says what the test has it say. Of the agent everything fails. */
function startRun() {
  const refuse = () => {
    throw new Error("refused");
  };
  const services = { sendEvent: refuse, ask: refuse, updateTags: refuse, leave: refuse, stop: () => undefined };
  const programs = { run: refuse, start: refuse, signal: refuse, endAll: async () => undefined, killAll: refuse };
  const ended: (string | undefined)[] = [];
  let thread: ThreadListener | undefined;
  let isAlive = true;
  const run = new PluginRun(
    { source: { kind: "built-in", name: "web" }, instance: "web", options: {} },
    {
      timers: new BenchTimers(),
      services: services as unknown as AgentServices,
      programs: programs as unknown as Programs,
      spawn: (_setup, listener) => {
        thread = listener;
        const terminate = () => {
          if (isAlive) listener.ended("terminated");
          isAlive = false;
        };
        return { post: () => undefined, terminate };
      },
      findMember: () => undefined,
      dataDirectory: refuse,
      use: refuse,
    },
    { loaded: refuse, started: () => undefined, notice: () => undefined, ended: (reason) => void ended.push(reason) },
  );
  const send = (message: unknown) => isAlive && thread?.received(message as FromThread);
  return { run, send, ended };
}

test.each([["a text"], [null], [7], [{ kind: "hello" }], [{ kind: "notice" }], [{ kind: "no-result", id: 1 }]])(
  "a thread that sends %j ends its run at most, not the agent",
  async (message) => {
    const { run, send, ended } = startRun();
    send(message);
    send({ kind: "stopped" });
    await run.gone;
    expect(ended).toHaveLength(1);
    if (ended[0] !== undefined) expect(ended[0]).toMatch(/^its thread sends what is no message of a plugin: /);
  },
);

const kinds: readonly FromThread["kind"][] = [
  ...(["loaded", "started", "notice", "request", "news-taken", "lines-taken"] as const),
  ...(["query-answer", "result", "no-result", "pong"] as const),
];
const requests = ["send-event", "ask-query", "update-tags", "leave", "data-directory", "run", "start-process", "use"];
/** Of the right kind, with fields that may be right, wrong or missing. */
const nearlyMessage = fc.record(
  {
    kind: fc.constantFrom(...kinds),
    id: fc.oneof(fc.nat(3), fc.anything()),
    name: fc.oneof(fc.constantFrom(...requests), fc.anything()),
    notice: fc.oneof(
      fc.record({ kind: fc.constantFrom("failed", "answering", "log"), names: fc.anything(), reason: fc.anything() }),
      fc.anything(),
    ),
    input: fc.anything(),
    error: fc.anything(),
    process: fc.anything(),
    answer: fc.anything(),
    value: fc.anything(),
    bufferBytes: fc.anything(),
  },
  { requiredKeys: ["kind"] },
);

test("no messages of a thread throw into the agent, and its run comes to an end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(nearlyMessage, fc.anything()), { maxLength: 8 }), async (messages) => {
      const { run, send, ended } = startRun();
      const call = run.call("action", "look", []).catch(() => "rejected");
      for (const message of messages) send(message);
      send({ kind: "stopped" });
      await Promise.all([run.gone, call]);
      expect(ended).toHaveLength(1);
    }),
    { numRuns: 300 },
  );
});
