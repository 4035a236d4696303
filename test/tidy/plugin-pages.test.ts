import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { integer, text } from "../../src/base/options.ts";
import { builtInPlugins } from "../../src/plugins/built-in.ts";
import { checkDeclaration } from "../../src/plugins/declaration.ts";
import { definePlugin } from "../../src/plugins/plugin.ts";
import { renderPluginPage } from "../../src/plugins/plugin-page.ts";

const pages = new URL("../../docs/plugins/", import.meta.url);

test("every plugin in the box is what its table says, and has its page", async () => {
  for (const [name, { description, load }] of Object.entries(builtInPlugins)) {
    const plugin = checkDeclaration((await load()).plugin);
    expect(plugin).toMatchObject({ name, description });
    const guide = new URL(`../../src/plugins/${name}/guide.md`, import.meta.url);
    const written = existsSync(guide) ? readFileSync(guide, "utf8") : "";
    expect(readFileSync(new URL(`${name}.md`, pages), "utf8"), "run: npm run docs").toBe(
      renderPluginPage(plugin, written),
    );
  }
});

test("every page is one of a plugin in the box", () => {
  const names = existsSync(pages) ? readdirSync(pages) : [];
  expect(names.filter((name) => !Object.hasOwn(builtInPlugins, name.replace(/\.md$/, "")))).toEqual([]);
});

test("a page has the options, those of lists of objects too, and the actions", () => {
  const plugin = definePlugin({
    name: "shown",
    description: "Is shown",
    buildsOn: ["template"],
    options: {
      waitMaxMs: { type: { ...integer(0, 9), name: "duration" }, default: 5, doc: "How long | at most." },
      label: { type: text(), default: "", doc: "Which." },
    },
    actions: { render: { usage: "[FILE]", doc: "Shows it." } },
    start: () => ({}),
  });
  const page = renderPluginPage(plugin, "A guide.\n");
  expect(page).toContain("Builds on [template](template.md), which is started for it.\n\nA guide.\n\n## Options");
  expect(page).toContain("| `wait_max` | How long \\| at most. | duration | `5ms` |\n| `label` | Which. | text |  |");
  expect(page).toContain("| `serf plugin shown render [FILE]` | Shows it. |");
});
