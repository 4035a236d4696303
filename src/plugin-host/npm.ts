/** Plugins out of the package registry, by the npm command that comes with Node. */

import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { SerfError } from "../base/errors.ts";
import type { ProcessResult } from "../plugins/plugin.ts";
import { Programs } from "../plugins/programs.ts";
import type { PluginFound } from "../rpc/plugin-actions.ts";

const installTimeoutMs = 5 * 60_000;
const searchTimeoutMs = 30_000;
/** What packages with plugins have among their keywords. */
const keyword = "serf-ts-plugin";

/**
 * What npm is to install: "serf-ts-plugin-x" or "@scope/serf-ts-plugin-x", either with "@version", "npm:" before any other package, or a
 * tarball's path. A name like `haproxy` with a typing error must not fetch a stranger's package. Undefined for what is none of these.
 */
export function readPackage(text: string): string | undefined {
  if (isTarball(text)) return text;
  const [, prefix = "", spec = "", name = ""] =
    /^(npm:)?((?:@[a-z0-9._~-]+\/)?([a-z0-9._~][a-z0-9._~-]*)(?:@[^\s/]+)?)$/.exec(text) ?? [];
  return prefix !== "" || name.startsWith("serf-ts-plugin-") ? spec : undefined;
}

function isTarball(text: string): boolean {
  return /^\/.*\.(tgz|tar\.gz)$/.test(text);
}

/**
 * Installs a package under `folder` and returns its name. Scripts of packages are not run. Rejects with PLUGIN_FAILED and npm's own
 * words: that there is no such package, no network, or no npm.
 */
export async function installPackage(spec: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await npm(["install", "--prefix", folder, "--omit=dev", "--ignore-scripts", "--", spec], installTimeoutMs);
  const name = isTarball(spec) ? findByFile(folder, spec) : spec.replace(/(?<=.)@.*$/, "");
  if (name === undefined)
    throw new SerfError("PLUGIN_FAILED", `npm installed ${spec}, but not under a name that can be found`);
  return name;
}

/** Does nothing where it is not installed. Rejects as `installPackage` does. */
export async function removePackage(name: string, folder: string): Promise<void> {
  await npm(["uninstall", "--prefix", folder, "--ignore-scripts", "--", name], installTimeoutMs);
}

/** Packages with our keyword whose name or description has the word. Rejects as `installPackage` does. */
export async function searchPackages(word: string): Promise<PluginFound[]> {
  const found = await npm(["search", "--json", `keywords:${keyword}`, ...(word === "" ? [] : [word])], searchTimeoutMs);
  const packages = JSON.parse(found.stdout) as readonly { readonly name: string; readonly description?: string }[];
  return packages.map(({ name, description = "" }) => ({ name, description, origin: "npm" }));
}

async function npm(args: readonly string[], timeoutMs: number): Promise<ProcessResult> {
  const programs = new Programs();
  let result: ProcessResult;
  try {
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    result = await programs.run(["npm", ...quiet, ...args], { timeoutMs });
  } catch (error) {
    const problem = "the npm command, which fetches packages, is not installed; install from a folder instead";
    throw new SerfError("PLUGIN_FAILED", problem, { cause: error });
  }
  if (result.exitCode === 0) return result;
  const words = `${result.stderr}\n${result.stdout}`
    .split("\n")
    .map((line) => line.replace(/^npm (error|ERR!)( code)? ?/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("A complete log"));
  const why = result.timedOut ? `no end after ${timeoutMs / 60_000} minutes` : words.slice(0, 4).join("; ");
  throw new SerfError("PLUGIN_FAILED", `npm ${args[0]} failed: ${why}`);
}

/** npm notes a tarball as "file:…". */
function findByFile(folder: string, path: string): string | undefined {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  const found = Object.entries(manifest.dependencies ?? {}).find(
    ([, from]) => from.startsWith("file:") && from.endsWith(basename(path)),
  );
  return found?.[0];
}
