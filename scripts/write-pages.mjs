// Writes docs/ERRORS.md, docs/CONFIG.md and docs/plugins from the tables in the code: `npm run docs`. Tests fail when a page and its table differ.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadSource } from "./load-source.mjs";

const root = new URL("../", import.meta.url);

const { errorCodes } = await loadSource("src/base/errors.ts");
const rows = Object.entries(errorCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
writeFileSync(
  new URL("docs/ERRORS.md", root),
  `# Errors

What the library throws or rejects with for a caller's or an operator's mistake is a \`SerfError\` with one of these codes in
\`error.code\`. The codes are stable; the messages are for people. RPC errors carry Serf's own texts instead, since clients match them.

| code | what it means and what to do |
|---|---|
${rows.join("\n")}
`,
);

const { renderConfigPage } = await loadSource("src/cli/config-page.ts");
writeFileSync(new URL("docs/CONFIG.md", root), renderConfigPage());

const { renderPluginPage } = await loadSource("src/plugins/plugin-page.ts");
const { builtInPlugins } = await loadSource("src/plugins/built-in.ts");
mkdirSync(new URL("docs/plugins/", root), { recursive: true });
for (const [name, { load: loadPlugin }] of Object.entries(builtInPlugins)) {
  const guide = new URL(`src/plugins/${name}/guide.md`, root);
  const text = existsSync(guide) ? readFileSync(guide, "utf8") : "";
  writeFileSync(new URL(`docs/plugins/${name}.md`, root), renderPluginPage((await loadPlugin()).plugin, text));
}
