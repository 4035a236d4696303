/**
 * The files of deploy/ and the Dockerfile, as far as this machine can judge them: the units by systemd itself, manifests by the schemas and types of
 * Kubernetes, the job by HashiCorp's parser, the image by its build stage run here without an engine. None has met a cluster.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { validate } from "dockerfile-utils";
import { StatefulSet } from "kubernetes-models/apps/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Service } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/agent/config.ts";
import { agentOptions } from "../../src/agent/options.ts";
import { type Option, variableOf } from "../../src/base/options.ts";
import { commandLoaders } from "../../src/cli/commands/index.ts";
import { parseJoinAddress } from "../../src/memberlist/join-address.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);
const read = (path: string) => readFileSync(join(root, path), "utf8");
const variables = Object.values(agentOptions as Record<string, Option<unknown>>).map((option) => variableOf(option));

describe("units of systemd", () => {
  const sandbox = useSandbox();
  const analyze = requirePeer("systemd-analyze");

  test.skipIf(analyze === undefined)("are as systemd wants them, also with the hardening put on", async () => {
    const folder = await sandbox.folder();
    cpSync(join(root, "deploy/systemd/serf-ts.service"), join(folder, "serf-ts.service"));
    cpSync(join(root, "deploy/systemd/hardened.conf"), join(folder, "serf-ts.service.d/hardened.conf"));
    const verify = ["verify", "--man=no", join(folder, "serf-ts.service")];
    const { status, stdout, stderr } = spawnSync(analyze!, verify, { encoding: "utf8" });
    // That there is no /usr/bin/serf is for the package to change.
    const complaints = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => /serf-ts/.test(line) && !/usr.bin.serf/.test(line));
    expect(complaints).toEqual([]);
    if (existsSync("/usr/bin/serf")) expect(status).toBe(0);
  });
});

const kinds = { PodDisruptionBudget, Service, StatefulSet };

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: YAML of many kinds, whose types a compiler checks below
  readonly [key: string]: any;
}

describe("manifests of Kubernetes", () => {
  const sandbox = useSandbox();
  const manifests = parseAllDocuments(read("deploy/kubernetes/serf.yaml")).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
  const named = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;

  test("satisfy the schemas of Kubernetes", () => {
    for (const manifest of manifests) {
      const Kind = kinds[manifest.kind as keyof typeof kinds];
      new Kind(manifest as never).validate();
    }
  });

  test("have no field that Kubernetes does not know", async () => {
    const folder = await sandbox.folder();
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const lines = manifests.map(
      (manifest, index) =>
        `import type { I${manifest.kind} } from "kubernetes-models/${manifest.apiVersion}";\n` +
        `export const manifest${index}: I${manifest.kind} = ${JSON.stringify(manifest, null, 2)};`,
    );
    writeFileSync(join(folder, "manifests.ts"), lines.join("\n"));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "preserve"];
    const compile = [join(root, "node_modules/typescript/bin/tsc"), ...options, "manifests.ts"];
    const { status, stdout } = spawnSync(process.execPath, compile, { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test("join by the SRV records that the headless service has, with options that the agent knows", () => {
    const service = named("Service");
    const set = named("StatefulSet");
    const [container] = set["spec"].template.spec.containers;
    const environment: Record<string, string> = Object.fromEntries(
      container.env.map(({ name, value = "" }: { name: string; value?: string }) => [name, value]),
    );
    expect(Object.keys(environment).filter((name) => name.startsWith("SERF_") && !variables.includes(name))).toEqual(
      [],
    );
    const port = service["spec"].ports.find(({ protocol }: { protocol: string }) => protocol === "TCP");
    const address = environment["SERF_RETRY_JOIN"]!.replace("$(NAMESPACE)", "default");
    expect(parseJoinAddress(address, 7946)).toEqual({
      service: `_${port.name}._tcp.${service["metadata"].name}.default.svc.cluster.local`,
    });
    expect(set["spec"].serviceName).toBe(service["metadata"].name);
    expect(service["spec"]).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true });
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      expect(Object.keys(commandLoaders)).toContain(probe.exec.command[1]);
    }
  });
});

test("the job of Nomad is read by HashiCorp's parser, with options that the agent knows", () => {
  const [parsed, problem] = require("hcl2-parser").parseToObject(read("deploy/nomad/serf.nomad.hcl"));
  expect(problem).toBeFalsy();
  const [task] = parsed.job.serf[0].group.agent[0].task.agent;
  expect(Object.keys(task.env[0]).filter((name) => !variables.includes(name))).toEqual([]);
  expect(parseJoinAddress(task.env[0].SERF_RETRY_JOIN, 7946)).toEqual({ service: "_serf._tcp.service.consul" });
});

describe("the image", () => {
  const sandbox = useSandbox();
  const dockerfile = read("Dockerfile");

  test("is described without a mistake, does not run as root, and sends no more than it needs to the engine", () => {
    expect(validate(dockerfile)).toEqual([]);
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(last).toMatch(/^USER [1-9]\d*:\d+$/m);
    expect(last).toMatch(/^ENTRYPOINT \["tini", "--", "serf", "agent", "-config-dir=\/etc\/serf"\]$/m);
  });

  test("has an agent that reads its configuration", () => {
    const { config, notices } = loadConfig({ configPaths: [join(root, "deploy/docker/agent.json")] }, "container");
    expect(config).toMatchObject({ leaveOnTerminate: true, rejoinAfterLeave: true });
    expect(notices).toEqual([]);
  });

  test("builds the command from what the engine is sent", async () => {
    const folder = await sandbox.folder();
    const sent = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    const build = dockerfile.slice(0, dockerfile.lastIndexOf("\nFROM "));
    for (const [, from = ""] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const path of from.split(" ")) {
        expect(existsSync(join(root, path)), path).toBe(true);
        expect(
          sent.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
          path,
        ).toBe(true);
      }
    }
    for (const [, from = "", to = ""] of build.matchAll(/^COPY (.*) (\S+)$/gm)) {
      for (const path of from.split(" "))
        cpSync(join(root, path), join(folder, to.endsWith("/") ? join(to, path) : to), { recursive: true });
    }
    rmSync(join(folder, "scripts/api-pages/node_modules"), { recursive: true, force: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const [, command = ""] = /^RUN (node .*)$/m.exec(build)!;
    execFileSync("sh", ["-c", command], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    const { version } = JSON.parse(read("package.json"));
    const printed = execFileSync(process.execPath, [join(folder, "dist/serf.cjs"), "version"], { encoding: "utf8" });
    expect(printed).toContain(`${version}\n`);
    expect(existsSync(join(folder, "dist/THIRD-PARTY-LICENSES.txt"))).toBe(true);
  });
});
