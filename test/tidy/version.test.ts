import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test.each(["docs/INSTALL.md", "deploy/kubernetes/serf.yaml", "deploy/nomad/serf.nomad.hcl"])(
  "%s names the version that package.json has; `npm version` writes both",
  (path) => {
    const { version } = JSON.parse(read("package.json"));
    const named = read(path).match(/(?<=serf-ts[:-])\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?/g) ?? [];
    expect([...new Set(named)]).toEqual([version]);
  },
);
