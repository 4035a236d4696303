import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/agent/config.ts";
import { agentOptions, agentOptionThemes } from "../../src/agent/options.ts";
import { exampleConfig, renderConfigPage } from "../../src/cli/config-page.ts";

test("docs/CONFIG.md is what the declarations of the options make of it", () => {
  const page = readFileSync(new URL("../../docs/CONFIG.md", import.meta.url), "utf8");
  expect(page, "run: npm run docs").toBe(renderConfigPage());
});

test("the page shows every option once", () => {
  const shown = agentOptionThemes.flatMap(({ options }) => Object.keys(options));
  expect(shown).toEqual(Object.keys(agentOptions));
});

test("an agent takes the example on the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "serf-ts-config-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "example.json");
  writeFileSync(path, exampleConfig);
  const { config, notices } = loadConfig({ configPaths: [path] }, "host");
  expect(notices).toEqual([]);
  expect(config).toMatchObject({ nodeName: "web-1", tags: { role: "web" }, mdnsDisableIpv6: true });
});
