import { describe, expect, test } from "vitest";
import { serfMember } from "../../test/support/members.ts";
import { parseEventHandler } from "./event-handler.ts";

function parsed(text: string) {
  const handlers = parseEventHandler(text);
  if ("problem" in handlers) throw new Error(handlers.problem);
  return handlers;
}

describe("an event handler", () => {
  test.each(["run.sh", "user:deploy=run.sh", "{ echo one; echo two; } >&2", "*={ echo one; }", '*={"a":1}'])(
    "%j is what it is to the reference",
    (text) => {
      expect(parsed(text)[0]?.script).toBe(text.replace(/^[a-z:*]+=/, ""));
      expect(parsed(text)[0]).not.toHaveProperty("limits");
    },
  );

  test("as an object may have limits, for each of its filters", () => {
    const text = '{"events":"user:deploy,query","script":"./deploy.sh a=b","timeout":"1m30s","concurrency":2}';
    const limits = { timeoutMs: 90_000, concurrency: 2 };
    expect(parsed(text)).toEqual([
      { filter: { event: "user", name: "deploy" }, script: "./deploy.sh a=b", limits },
      { filter: { event: "query", name: "" }, script: "./deploy.sh a=b", limits },
    ]);
  });

  test("as an object needs no more than a script, and then handles every event, once at a time", () => {
    expect(parsed('{"script":"x"}')).toEqual([
      { filter: { event: "*", name: "" }, script: "x", limits: { concurrency: 1 } },
    ]);
  });

  test("asks for tags by expressions for the whole of a value", () => {
    const [handler] = parsed('{"script":"x","tags":{"role":"web|db","dc":""}}');
    const matches = (tags: Record<string, string>) => handler?.members?.matches(serfMember("a", { tags }));
    expect(matches({ role: "web" })).toBe(true);
    expect(matches({ role: "web", dc: "east" })).toBe(false);
    expect(matches({ role: "cache" })).toBe(false);
  });

  test.each([
    ['{"script":"x",}', /^Invalid event script: not JSON: /],
    ['{"script":"x","timout":"1s"}', /^Invalid event script: unknown key "timout", did you mean "timeout"\?$/],
    ['{"events":"user"}', /"script" must be what the shell is to run/],
    ['{"script":"x","events":["user"]}', /"events" must be a text/],
    ['{"script":"x","events":"usr"}', /^Invalid event script: Event 'usr' invoking 'x'$/],
    ['{"script":"x","timeout":30}', /"timeout" must be a duration like "30s", of 24h at most/],
    ['{"script":"x","timeout":"-1s"}', /"timeout" must be/],
    ['{"script":"x","timeout":"25h"}', /"timeout" must be/],
    ['{"script":"x","concurrency":0}', /"concurrency" must be an integer from 1 to 64/],
    ['{"script":"x","concurrency":"2"}', /"concurrency" must be/],
    ['{"script":"x","tags":["role"]}', /"tags" must be an object of regular expressions/],
    ['{"script":"x","tags":{"role":"("}}', /"tags": Failed to compile regex/],
  ])("%s is refused with what is wrong", (text, problem) => {
    expect(() => parsed(text)).toThrow(problem);
  });
});
