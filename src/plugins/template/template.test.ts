import { describe, expect, test } from "vitest";
import type { PluginMember, PluginMembers } from "../plugin.ts";
import { compileTemplate } from "./engine.ts";
import { templateVariables } from "./variables.ts";

const hostile = "web\nserver evil 6.6.6.6:80 \u001b[31m\u2028";

function member(name: string, rest: Partial<PluginMember> = {}): PluginMember {
  return { name, address: "10.0.0.1", port: 7946, status: "alive", tags: {}, ...rest };
}

const listed = [
  member("db-1", { status: "failed", tags: { role: "db", zone: "eu-1" } }),
  member("self", { tags: { role: "lb" } }),
  member("web-10", { tags: { role: "web", port: "8080", zone: "eu-2" } }),
  member("web-2", { tags: { role: "web", zone: "us-1" } }),
];

function render(text: string, list: readonly PluginMember[] = listed, data?: Record<string, unknown>): string {
  const members: PluginMembers = {
    self: () => list.find(({ name }) => name === "self") ?? list[0]!,
    list: () => list,
    onChange: () => () => undefined,
  };
  return compileTemplate(text).render(templateVariables(members, ["TEMPLATE_TEST"], data));
}

describe("a template", () => {
  test.each([
    ["{{#each members}}{{name}} {{status}};{{/each}}", "db-1 failed;self alive;web-10 alive;web-2 alive;"],
    ["{{#each alive}}{{name}}:{{default tags.port 80}} {{/each}}", "self:80 web-10:8080 web-2:80 "],
    ["{{self.name}} {{tags.role}} {{self.tags.role}}", "self lb lb"],
    ["{{#each alive}}{{#if tags.port}}{{tags.port}}{{else}}-{{/if}}{{/each}}", "-8080-"],
    ["{{#each (first alive 1)}}{{@root.self.name}}{{/each}}", "self"],
    ["<{{env.TEMPLATE_TEST}}>", "<>"],
    ["{{#if pools}}{{pools.[0].name}}{{/if}}", "p"],
    ["'{{quote}}' & {{{quote}}}", `'"<>&'' & "<>&'`],
  ])("%s", (text, expected) => {
    expect(render(text, listed, { pools: [{ name: "p" }], quote: `"<>&'` })).toBe(expected);
  });
});

describe("helpers", () => {
  test.each([
    ['{{join (where members status="alive" tag="role=web") " " "name"}}', "web-10 web-2"],
    ['{{join (where members status="failed,left") " " "name"}}', "db-1"],
    ['{{join (where members name="w*-?,db*") " " "name"}}', "db-1 web-2"],
    ['{{join (where members tag="zone=eu-*") " " "name"}}', "db-1 web-10"],
    ['{{join (where members tag="zone,role!=db") " " "name"}}', "web-10 web-2"],
    ['{{join (sort (where members tag="role=web") "name") " " "name"}}', "web-2 web-10"],
    ['{{join (sort members "name" reverse=true) " " "name"}}', "web-10 web-2 self db-1"],
    [
      '{{#each (groupBy members "tags.zone")}}{{key}}={{join members "," "name"}} {{/each}}',
      "eu-1=db-1 eu-2=web-10 us-1=web-2 ",
    ],
    ['{{count (where members tag="role=web")}}', "2"],
    ["{{#with (first alive)}}{{name}}{{/with}}", "self"],
    ["{{json self}}", '{"name":"self","address":"10.0.0.1","port":7946,"status":"alive","tags":{"role":"lb"}}'],
    ['{{join (split "a, b,,c") "|"}} {{upper "ab"}} {{lower "AB"}}', "a|b|c AB ab"],
    ['{{#if (and (eq self.status "alive") (ne self.name "x") (not (or "" 0)))}}yes{{/if}}', "yes"],
    ['{{#if (eq self.port "7946")}}yes{{/if}}', "yes"],
  ])("%s", (text, expected) => {
    expect(render(text)).toBe(expected);
  });
});

describe("a mistake in a template", () => {
  test.each([
    ["a\n{{membrs}}", 'line 2: the template, outside of blocks, has no "membrs", did you mean "members"?'],
    ["{{#each membrs}}{{/each}}", 'line 1: the template, outside of blocks, has no "membrs"'],
    ["{{#if membrs}}{{/if}}", 'has no "membrs"'],
    ["\n{{#each members}}\n{{adress}}\n{{/each}}", 'line 3: a member has no "adress", did you mean "address"?'],
    ["{{#each members}}{{#if adress}}{{/if}}{{/each}}", 'a member has no "adress"'],
    ['{{join members "," "nam"}}', 'a member has no "nam"'],
    ["{{tags.prot}}", 'line 1: there is no variable, tag or helper "prot"; a tag that may be absent'],
    ["{{env.PATH}}", 'env, of what the option `env` lists, has no "PATH", but TEMPLATE_TEST'],
    ["\n{{sotr members}}", 'line 2: the template, outside of blocks, has no "sotr"'],
    ["{{sort tags.list}}", "sort: works on a list, and got nothing"],
    ["{{#each tags.list}}{{/each}}", "each: got nothing"],
    ['{{where members role="web"}}', "where: knows status, name and tag, and not role"],
    ["{{self}}", "an object is no text"],
    ["{{members}}", "a list is no text"],
    ["{{#if a}}", 'line 1: found the end of the template, where a block is still open, after "{{#if a}}"'],
    ["{{#if self}}{{/each}}", "if doesn't match each"],
    ["{{a", "line 1: found what does not belong there"],
    ["{{self.constructor}}", 'a member has no "constructor"'],
    ["{{tags.constructor.name}}", "line 1: "],
    ["{{lookup tags '__proto__'}}{{lookup self 'toString'}}", 'a member has no "toString"'],
  ])("%s", (text, message) => {
    expect(() => render(text)).toThrow(message);
  });
});

describe("what a stranger puts into tags and names", () => {
  const list = [member("self"), member(hostile, { tags: { role: hostile, __proto__x: "a" } })];

  test.each([
    "{{#each members}}{{name}}{{tags.role}}\n{{/each}}",
    "{{#each members}}{{word name}}{{word tags.role}}\n{{/each}}",
  ])("stays in its line: %s", (text) => {
    const safe = list.map(({ name, tags }) => member(name, { tags: { role: "", ...tags } }));
    const rendered = render(text, safe);
    expect(rendered.split("\n")).toHaveLength(list.length + 1);
    expect(rendered.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u2028]/u);
  });

  test("is one word of harmless characters by `word`", () => {
    expect(render("{{word members.[1].name}}|{{word ''}}|{{word 'ä/b c;\"d'}}", list)).toBe(
      "web_server_evil_6.6.6.6:80___31m_|_|__b_c__d",
    );
  });

  test("stays a string in JSON", () => {
    expect(JSON.parse(render("{{json members}}", list))).toEqual(list);
  });

  test("is data, not a template or a way to the engine", () => {
    const tags = JSON.parse('{"__proto__": "p", "a": "{{self.name}}", "constructor": "c"}') as Record<string, string>;
    expect(render("{{tags.a}} {{lookup tags '__proto__'}} {{tags.constructor}}", [member("self", { tags })])).toBe(
      "{{self.name}} p c",
    );
  });
});
