import { describe, expect, test } from "vitest";
import type { PluginMember } from "../plugin.ts";
import { blockMarks, withBlock } from "./block.ts";
import { hostLines, type NameRules } from "./names.ts";

const { begin, end } = blockMarks("hosts");
const rules: NameRules = { domain: "", aliasTags: [], anyDomain: false };

function member(name: string, rest: Partial<PluginMember> = {}): PluginMember {
  return { name, address: "10.0.0.1", port: 7946, status: "alive", tags: {}, ...rest };
}

describe("the block", () => {
  test.each([
    ["an empty file", "", `${begin}\na\n${end}\n`],
    ["the end of a file", "127.0.0.1 localhost\n", `127.0.0.1 localhost\n${begin}\na\n${end}\n`],
    ["a file without a last line end", "x", `x\n${begin}\na\n${end}\n`],
    ["its place", `x\n${begin}\nold\n\n${end}\ny`, `x\n${begin}\na\n${end}\ny`],
    ["its place at the end of a file", `x\n${begin}\n${end}`, `x\n${begin}\na\n${end}\n`],
    [
      "its place, with the line ends of another system",
      `x\r\n${begin}\r\nold\r\n${end}\r\ny\r\n`,
      `x\r\n${begin}\na\n${end}\ny\r\n`,
    ],
    [
      "beside another's",
      `${blockMarks("other").begin}\n${blockMarks("other").end}\n`,
      `${blockMarks("other").begin}\n${blockMarks("other").end}\n${begin}\na\n${end}\n`,
    ],
  ])("goes to %s", (_, before, after) => {
    expect(withBlock(before, "hosts", ["a"])).toBe(after);
    expect(withBlock(after, "hosts", ["a"])).toBe(after);
  });

  test.each(["", "a\n", "a\r\n\r\n \t#\n", "\xff\xfe\0\x80\n", `${blockMarks("other").begin}\n`])(
    "leaves %j around it as it was, in and out again",
    (file) => {
      const written = withBlock(file, "hosts", ["1.2.3.4 a"]);
      expect(withBlock(written, "hosts", undefined)).toBe(file);
      const more = `${written}after\n`;
      expect(withBlock(withBlock(more, "hosts", ["b", "c"]), "hosts", undefined)).toBe(`${file}after\n`);
    },
  );

  test.each([
    [`x\n${begin}\ny\n`, "line 2 is a beginning without an end"],
    [`${end}\n`, "line 1 is an end without a beginning"],
    [`${begin}\n${begin}\n${end}\n`, "line 2 is a second beginning"],
    [`${begin}\n${end}\n${begin}\n${end}\n`, "line 3 is a second beginning"],
    [`${begin}\n${end}\n${end}\n`, "line 3 is an end without a beginning"],
  ])("is refused where its marks are broken: %j", (file, message) => {
    expect(() => withBlock(file, "hosts", [])).toThrow(message);
    expect(() => withBlock(file, "hosts", undefined)).toThrow(message);
  });
});

describe("names", () => {
  test("are those of nodes, in the domain too, and those in tags", () => {
    const members = [
      member("Web-1", { tags: { role: "web, www", other: "x" } }),
      member("web-2", { address: "fd00::2", tags: { role: "web" } }),
      member("db.serf", { address: "10.0.0.3" }),
    ];
    expect(hostLines(members, { ...rules, domain: "serf", aliasTags: ["role"] }, "")).toEqual({
      lines: ["10.0.0.1\tweb-1.serf web-1 web www", "fd00::2\tweb-2.serf web-2 web", "10.0.0.3\tdb.serf"],
      refused: [],
    });
  });

  test.each([
    "localhost",
    "LOCALHOST",
    "a.localhost",
    "localhost.localdomain",
    "ip6-loopback",
    "broadcasthost",
    "127.0.0.1",
    "1.0.0.127.in-addr.arpa",
    "12345",
    "github.com",
    "a b",
    "a\t127.0.0.1 localhost",
    "a\n127.0.0.1 github.com",
    "a#b",
    "a_b",
    "-a",
    "ä",
    "a..b",
    "",
    "x".repeat(64),
    `${"a.".repeat(130)}b`,
    begin,
    end,
  ])("are not %j, neither of a node nor in a tag", (name) => {
    const members = [member(name), member("fine", { tags: { role: `${name},ok`.replaceAll("\n", "\n") } })];
    const { lines, refused } = hostLines(members, { ...rules, aliasTags: ["role"] }, "");
    // Of a tag's list every part counts by itself.
    expect(lines).toEqual(["10.0.0.1\tfine ok"]);
    expect(refused.length).toBeGreaterThan(0);
  });

  test("of any domain are taken if that is asked for, and those that mean something never", () => {
    const members = [member("github.com", { tags: { a: "localhost" } })];
    expect(hostLines(members, { ...rules, anyDomain: true, aliasTags: ["a"] }, "").lines).toEqual([
      "10.0.0.1\tgithub.com",
    ]);
  });

  test("that stand elsewhere in the file are left to whoever wrote them", () => {
    const { lines, refused } = hostLines(
      [member("web"), member("db")],
      rules,
      "127.0.1.1\tself WEB # db\n#1.1.1.1 db\n",
    );
    expect(lines).toEqual(["10.0.0.1\tdb"]);
    expect(refused).toEqual(['"web" of "web" stands elsewhere in the file']);
  });

  test("of a node are not taken by another member's tag or full name", () => {
    const members = [
      member("db"),
      member("db.serf", { address: "6.6.6.6" }),
      member("evil", { address: "6.6.6.6", tags: { role: "db,DB.serf,web" } }),
    ];
    const { lines } = hostLines(members, { ...rules, domain: "serf", aliasTags: ["role"] }, "");
    expect(lines).toEqual(["10.0.0.1\tdb.serf db", "6.6.6.6\tevil.serf evil web"]);
  });
});
