import { describe, expect, test } from "vitest";
import { serfVersions } from "../../../test/support/members.ts";
import type { AgentMember } from "../../rpc/views.ts";
import { formatReport } from "../output.ts";
import { statsReport } from "./info.ts";
import { membersReport } from "./members.ts";
import { eventFields } from "./monitor.ts";

const members: AgentMember[] = [
  {
    name: "deb1",
    address: "127.0.0.1",
    port: 17_946,
    tags: { x: "a<b>&", role: "web" },
    status: "alive",
    versions: serfVersions,
  },
  { name: "six-long", address: "fe80::1", port: 7_946, tags: {}, status: "leaving", versions: serfVersions },
];

describe("the list of members", () => {
  test("is a table with the tags in order", () => {
    expect(formatReport(membersReport(members, false), "text")).toBe(
      "deb1      127.0.0.1:17946  alive    role=web,x=a<b>&\nsix-long  [fe80::1]:7946   leaving",
    );
  });

  test("has the versions in columns of their own where wanted", () => {
    expect(formatReport(membersReport(members, true), "text").split("\n")[1]).toBe(
      "six-long  [fe80::1]:7946   leaving                    Protocol Version: 5  Available Protocol Range: [2, 5]",
    );
  });

  test("says who suspects whom, since when, and who confirms it", () => {
    const accusers = [
      { name: "six-long", sinceMs: 1_000 },
      { name: "other", sinceMs: 2_000 },
    ];
    const suspected: AgentMember = { ...members[0]!, suspicion: { sinceMs: 1_000, accusers } };
    const text = formatReport(membersReport([suspected, members[1]!], true), "text").split("\n");
    expect(text[0]).toMatch(/\[2, 5\] +Suspected by six-long since 1970-01-01T00:00:01.000Z, confirmed by other$/);
    expect(text[1]).not.toContain("Suspected");
    expect(formatReport(membersReport([suspected], false), "text")).not.toContain("Suspected");
    const { members: listed } = JSON.parse(formatReport(membersReport([suspected, members[1]!], false), "json"));
    expect(listed[0].suspicion).toEqual({
      since: "1970-01-01T00:00:01.000Z",
      accusers: [
        { name: "six-long", since: "1970-01-01T00:00:01.000Z" },
        { name: "other", since: "1970-01-01T00:00:02.000Z" },
      ],
    });
    expect(listed[1]).not.toHaveProperty("suspicion");
  });

  test("is the reference's JSON", () => {
    expect(formatReport(membersReport(members.slice(0, 1), false), "json")).toBe(
      `{
  "members": [
    {
      "name": "deb1",
      "addr": "127.0.0.1:17946",
      "port": 17946,
      "tags": {
        "role": "web",
        "x": "a\\u003cb\\u003e\\u0026"
      },
      "status": "alive",
      "protocol": {
        "max": 5,
        "min": 2,
        "version": 5
      }
    }
  ]
}`,
    );
  });

  test("is null in JSON and an empty line in text when nobody matches", () => {
    expect(formatReport(membersReport([], false), "json")).toBe('{\n  "members": null\n}');
    expect(formatReport(membersReport([], false), "text")).toBe("");
  });
});

test("figures are printed by section, in order", () => {
  const report = statsReport({ serf: { members: "2", failed: "0" }, event_handlers: {}, agent: { name: "deb1" } });
  expect(formatReport(report, "text")).toBe(
    "agent:\n\tname = deb1\nevent_handlers:\nserf:\n\tfailed = 0\n\tmembers = 2",
  );
  expect(formatReport(report, "json")).toBe(
    '{\n  "agent": {\n    "name": "deb1"\n  },\n  "event_handlers": {},\n  "serf": {\n    "failed": "0",\n    "members": "2"\n  }\n}',
  );
});

test("a monitor shows an event under the names of the wire, in order", () => {
  const payload = new Uint8Array(0);
  const user = eventFields({ kind: "user", lamportTime: 8, name: "nopay", payload, coalesce: true });
  expect(Object.keys(user)).toEqual(["Coalesce", "Event", "LTime", "Name", "Payload"]);
  const query = eventFields({ kind: "query", id: 3, lamportTime: 8, name: "load", payload });
  expect(Object.keys(query)).toEqual(["Event", "ID", "LTime", "Name", "Payload"]);
  const join = eventFields({ kind: "member-join", members });
  expect(join).toMatchObject({ Event: "member-join", Members: [{ Name: "deb1", Port: 17_946 }, { Name: "six-long" }] });
});
