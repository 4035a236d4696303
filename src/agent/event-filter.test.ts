import { describe, expect, test } from "vitest";
import { type FilterableEvent, matchesEvent, parseEventFilters, parseEventScript } from "./event-filter.ts";

const join: FilterableEvent = { kind: "member-join" };
const leave: FilterableEvent = { kind: "member-leave" };
const deploy: FilterableEvent = { kind: "user", name: "deploy" };
const load: FilterableEvent = { kind: "query", name: "load" };

describe("event filter", () => {
  test.each<[text: string, matched: readonly FilterableEvent[]]>([
    ["", [join, leave, deploy, load]],
    ["*", [join, leave, deploy, load]],
    ["member-join", [join]],
    ["member-join,member-leave", [join, leave]],
    ["user", [deploy]],
    ["user:", [deploy]],
    ["user:deploy", [deploy]],
    ["user:other", []],
    ["query", [load]],
    ["query:load", [load]],
    ["query:deploy", []],
    ["member-join,user:deploy,query:load", [join, deploy, load]],
    ["user:a:b", []],
  ])("%j wants the events it names", (text, matched) => {
    const filters = parseEventFilters(text);
    if ("kind" in filters) throw new Error("should be valid");
    const wanted = [join, leave, deploy, load].filter((event) => filters.some((filter) => matchesEvent(filter, event)));
    expect(wanted).toEqual(matched);
  });

  test.each(["member-foo", "member-join, user", "User", "user,", "**"])("%j is not a filter", (text) => {
    expect(parseEventFilters(text)).toMatchObject({ kind: "invalid-filter" });
  });

  test("a user event's name may hold anything but a comma", () => {
    expect(parseEventFilters("user:a=b:c")).toEqual([{ event: "user", name: "a=b:c" }]);
  });
});

describe("event script", () => {
  test("a script alone is run for every event", () => {
    expect(parseEventScript("handler.sh")).toEqual([{ filter: { event: "*", name: "" }, script: "handler.sh" }]);
  });

  test("the first equals sign divides filters from script", () => {
    expect(parseEventScript("member-join,user:deploy=A=1 run.sh")).toEqual([
      { filter: { event: "member-join", name: "" }, script: "A=1 run.sh" },
      { filter: { event: "user", name: "deploy" }, script: "A=1 run.sh" },
    ]);
  });

  test("an unknown kind of event is named in the problem", () => {
    expect(parseEventScript("A=1 run.sh")).toEqual({
      problem: "Invalid event script: Event 'A' invoking '1 run.sh'",
    });
    expect(parseEventScript("member-join,usr:x=run.sh")).toEqual({
      problem: "Invalid event script: Event 'usr:x' invoking 'run.sh'",
    });
  });
});
