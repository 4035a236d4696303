// Writes docs/ERRORS.md, docs/CONFIG.md and docs/plugins from the tables in the code: `npm run docs`. Tests fail when a page and its table differ.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);

/** The exports of a source file. Bundled into the clone, so that packages are found. */
async function load(path) {
  const bundle = new URL(`node_modules/.write-pages-${process.pid}.mjs`, root);
  try {
    await build({
      entryPoints: [fileURLToPath(new URL(path, root))],
      outfile: fileURLToPath(bundle),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
    });
    return await import(`${bundle}?${path}`);
  } finally {
    rmSync(bundle, { force: true });
  }
}

const { errorCodes } = await load("src/base/errors.ts");
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

const { renderConfigPage } = await load("src/cli/config-page.ts");
writeFileSync(new URL("docs/CONFIG.md", root), renderConfigPage());

const { renderPluginPage } = await load("src/plugins/plugin-page.ts");
const { builtInPlugins } = await load("src/plugins/built-in.ts");
mkdirSync(new URL("docs/plugins/", root), { recursive: true });
for (const [name, { load: loadPlugin }] of Object.entries(builtInPlugins)) {
  const guide = new URL(`src/plugins/${name}/guide.md`, root);
  const text = existsSync(guide) ? readFileSync(guide, "utf8") : "";
  writeFileSync(new URL(`docs/plugins/${name}.md`, root), renderPluginPage((await loadPlugin()).plugin, text));
}
