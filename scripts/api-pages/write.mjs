// Writes docs/api: one page for each entry point, from the docstrings and the declarations of options. `npm run docs` calls it.
// With `--check` it writes nothing, and fails if the pages are not what it would have written.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Application } from "typedoc";
import { load as markdown } from "typedoc-plugin-markdown";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const pages = join(root, "docs", "api");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Types that are made from declarations: their pages would show the making. */
const optionTypes = [
  { type: "SerfOptions", file: "src/serf/options.ts", declarations: "serfOptions" },
  { type: "MemberlistOptions", file: "src/memberlist/options.ts", declarations: "memberlistOptions" },
  { type: "AgentOptions", file: "src/agent/options.ts", declarations: "agentOptions" },
];

const folder = mkdtempSync(join(tmpdir(), "serf-ts-api-"));
try {
  await generate(folder);
  const tables = await describeOptions();
  const written = new Map();
  for (const name of readdirSync(folder)) written.set(name, improve(readFileSync(join(folder, name), "utf8"), tables));
  if (process.argv.includes("--check")) check(written);
  else for (const [name, text] of written) writeFileSync(join(pages, name), text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function generate(target) {
  const entries = Object.entries(manifest.exports).filter(([name]) => !name.endsWith(".json"));
  const names = new Map(
    entries.map(([name, { types }]) => [types.replace(/^\.\/dist\/(.*?)(\/?index)?\.d\.ts$/, "$1") || "index", name]),
  );
  const app = await Application.bootstrapWithPlugins({
    name: manifest.name,
    entryPoints: entries.map(([, { types }]) => join(root, types.replace("./dist", "src").replace(".d.ts", ".ts"))),
    tsconfig: join(root, "tsconfig.json"),
    plugin: [markdown],
    outputs: [{ name: "markdown", path: target }],
    readme: "none",
    disableGit: true,
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    // The compiler that checks the code is another one.
    skipErrorChecking: true,
    sort: ["kind", "alphabetical"],
    logLevel: "Warn",
    treatWarningsAsErrors: true,
    validation: { notExported: false, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: ["Class", "Interface", "TypeAlias", "Function", "Variable", "Method"],
    intentionallyNotDocumented: ["plugins.PluginContext.use.A"],
    hideBreadcrumbs: true,
    hidePageHeader: true,
    hideGroupHeadings: false,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    classPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    entryFileName: "README",
  });
  passOverInferredTypes(app.logger);
  // Set when the output is chosen, it would be overruled by the output's own.
  app.options.setValue("router", "module");
  const project = await app.convert();
  if (project === undefined) throw new Error("the sources cannot be read");
  for (const module of project.children ?? []) {
    const name = names.get(module.name);
    if (name !== undefined) module.name = name.replace(/^\.\/?/, "") || manifest.name;
  }
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
}

/** A property of a type that is inferred from a schema has the same comment twice, by way of the schema's input and output. */
function passOverInferredTypes(logger) {
  const log = logger.log.bind(logger);
  logger.log = (message, level) => {
    if (!message.includes("has multiple declarations with a comment")) log(message, level);
  };
}

/** For each type of options, a table with what `--help` says of them. */
async function describeOptions() {
  const tables = new Map();
  for (const { type, file, declarations } of optionTypes) {
    const { outputFiles } = await build({
      entryPoints: [join(root, file)],
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["re2js"],
      write: false,
    });
    const loaded = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
    tables.set(type, optionTable(loaded[declarations]));
  }
  return tables;
}

function optionTable(declarations) {
  const rows = Object.entries(declarations).map(([name, { type, default: value, doc }]) => {
    const kind = type.name === "duration" ? "milliseconds" : type.name;
    return `| \`${name}\` | ${cell(kind)} | ${value === undefined ? "" : cell(`\`${JSON.stringify(value)}\``)} | ${cell(doc)} |`;
  });
  return ["| option | type | default | what it does |", "|---|---|---|---|", ...rows].join("\n");
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}

/** Takes out what the generator repeats of types that have a name, and puts in the tables of options. */
function improve(page, tables) {
  let text = page
    .replace(/(?:`"[A-Z_]+"` \\\| ){9,}`"[A-Z_]+"`/g, "[`ErrorCode`](#errorcode)")
    .replace(/`ResolvedOptions`\\<\\{ .*? \\}\\>/g, "`MemberlistOptions`")
    .replace(/^\| .*\| `Partial\.\w+` \|\n/gm, "");
  for (const [type, table] of tables) {
    const section = new RegExp(`(?<=\\n### ${type}\\n)[\\s\\S]*?(?=\\n\\*\\*\\*\\n|\\n## |$)`);
    text = text.replace(section, (body) => `\n${descriptionOf(body)}\n\n${table}\n`);
  }
  return `${text.trimEnd()}\n`;
}

/** The first paragraph that is neither the type itself nor a heading. */
function descriptionOf(body) {
  return body.split("\n\n").find((paragraph) => /^\w/.test(paragraph.trim())) ?? "";
}

function check(written) {
  const present = readdirSync(pages);
  const stale = [...written].filter(
    ([name, text]) => !present.includes(name) || readFileSync(join(pages, name), "utf8") !== text,
  );
  const strays = present.filter((name) => !written.has(name));
  if (stale.length + strays.length === 0) return;
  console.error(
    `not up to date: ${[...stale.map(([name]) => name), ...strays].join(", ")} in docs/api; run: npm run docs`,
  );
  process.exitCode = 1;
}
