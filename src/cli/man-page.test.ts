import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { agentOptions } from "../agent/options.ts";
import type { Option } from "../base/options.ts";
import { commandLoaders } from "./commands/index.ts";
import { renderManPages } from "./man-page.ts";

const pages = new Map((await renderManPages()).map(({ fileName, text }) => [fileName, text]));

describe("manual pages", () => {
  test("there is one for the command, one for each subcommand, and one for the files", () => {
    const names = Object.keys(commandLoaders).map((name) => `serf-${name}.1`);
    expect([...pages.keys()]).toEqual(["serf.1", ...names, "serf.json.5"]);
  });

  test("the package names them all, so that npm installs them", () => {
    const { man } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(man).toEqual([...pages.keys()].map((fileName) => `./dist/man/${fileName}`));
  });

  test("that of the agent has every flag, that of the files every key", () => {
    const options: readonly Option<unknown>[] = Object.values(agentOptions);
    for (const { flag, key } of options) {
      if (flag !== undefined) expect(pages.get("serf-agent.1")).toContain(`\\fB\\-${flag.replaceAll("-", "\\-")}\\fR`);
      if (key !== undefined) expect(pages.get("serf.json.5")).toContain(`\\fB${key}\\fR (`);
    }
  });

  test("a dash to be typed is one that can be copied, and no text turns into a request of roff", () => {
    expect(pages.get("serf-members.1")).toContain("serf members \\-status=alive \\-tag role=web");
    const requests = [...pages.values()].flatMap((text) => text.match(/^[.'].*$/gm) ?? []);
    expect(requests.filter((line) => !/^\.(TH|SH|SS|TP|PP|RS 4|RE|nf|fi|br)\b/.test(line))).toEqual([]);
  });
});
