/**
 * The style of the house as a test: which room may import which, what the protocol rooms must not touch, how long files and
 * functions may be. Limits only ever go down: a file listed under `longFiles` may shrink, never grow.
 */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const fileLinesMax = 400;

/** Files that were longer when they came in, with their length then. Empty is the aim. */
const longFiles: Readonly<Record<string, number>> = {};

/** Suppressions of the linter, by rule, in src. Each carries its reason where it stands; a new one has to be argued here. */
const suppressionsMax: Readonly<Record<string, number>> = {
  // Options of all types in one table; functions that one plugin offers another.
  "lint/suspicious/noExplicitAny": 2,
};

/** What each room of `src` may import. A room may always import itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ["base"],
  coordinate: ["base"],
  memberlist: ["base", "wire"],
  serf: ["base", "wire", "memberlist", "coordinate"],
  host: ["base"],
  /** Streams with a bound and signals, for both kinds of public face. */
  async: ["base"],
  rpc: ["base", "coordinate"],
  client: ["base", "coordinate", "rpc", "async"],
  agent: ["base", "wire", "memberlist", "coordinate", "serf", "host", "rpc"],
  /** Many agents in one process. */
  "local-cluster": ["base", "memberlist", "serf", "host", "agent"],
  /** What plugins are made of, and what runs in their threads. */
  plugins: ["base"],
  /** What runs them beside an agent. */
  "plugin-host": ["base", "host", "rpc", "serf", "agent", "plugins"],
  simulator: ["base", "wire", "memberlist", "coordinate", "serf"],
  cli: [
    "base",
    "async",
    "wire",
    "memberlist",
    "coordinate",
    "serf",
    "host",
    "rpc",
    "client",
    "agent",
    "plugins",
    "plugin-host",
    "local-cluster",
    "simulator",
  ],
  /** A node for whoever embeds one: the protocol with promises. */
  embed: ["base", "async", "wire", "memberlist", "coordinate", "serf", "host"],
  /** src/index.ts, what the library exports. */
  "index.ts": ["embed", "async", "base", "wire", "memberlist", "coordinate", "serf", "host"],
};

const protocolRooms = ["base", "wire", "memberlist", "coordinate", "serf"];

/** What a protocol room must not say, and what it says instead. */
const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/, "host.clock"],
  [/\bMath\.random\b|\bgetRandomValues\b|\brandomBytes\b|\brandomUUID\b/, "host.random"],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bprocess\.nextTick\b/, "host.timers"],
  [/\basync\b|\bawait\b|\bnew Promise\b|\bPromise\./, "a callback: the protocol is synchronous"],
  [/\bconsole\.|\bprocess\./, "host.logger"],
  [/\bBuffer\b/, "Uint8Array and base/bytes"],
  [/\bfetch\(|\bimport\(/, "nothing: the protocol reaches the world through its host"],
];

/**
 * What protocol rooms may take from outside, each in one file alone: the ciphers, and RE2 for the expressions in strangers' queries.
 * Both compute and nothing more: no I/O, no clock, no random, no state.
 */
const modulesAllowed: Readonly<Record<string, string>> = {
  "src/wire/cipher.ts": "node:crypto",
  "src/serf/query-filter.ts": "re2js",
};

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  /** The text without comments, so that prose may name what code may not. */
  readonly code: string;
  readonly isTest: boolean;
}

const sources = listSources("src");
const production = sources.filter((source) => !source.isTest);

describe("tidy", () => {
  test("finds the sources", () => {
    expect(production.length).toBeGreaterThan(8);
  });

  test("every room is known", () => {
    const unknown = sources.filter((source) => !(source.room in mayImport)).map((source) => source.path);
    expect(unknown).toEqual([]);
  });

  test("imports run one way", () => {
    const wrong: string[] = [];
    for (const source of production) {
      for (const imported of importsOf(source)) {
        if (!imported.startsWith(".")) continue;
        const room = roomOf(relative(root, join(root, dirname(source.path), imported)));
        if (room !== source.room && !mayImport[source.room]?.includes(room))
          wrong.push(`${source.path} imports ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("the files of a room do not import each other in a circle", () => {
    expect(findCircle(production)).toBeUndefined();
  });

  test("protocol rooms have no I/O, clock, random or promise of their own", () => {
    const wrong: string[] = [];
    for (const source of production.filter(({ room }) => protocolRooms.includes(room))) {
      for (const [pattern, instead] of banned) {
        const found = pattern.exec(source.code);
        if (found !== null) wrong.push(`${source.path}: "${found[0]}", use ${instead}`);
      }
      for (const imported of importsOf(source)) {
        if (!imported.startsWith(".") && modulesAllowed[source.path] !== imported)
          wrong.push(`${source.path} imports ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("no file is longer than the limit, and those that were do not grow", () => {
    const wrong: string[] = [];
    for (const source of [...sources, ...listSources("test")]) {
      const lines = source.text.split("\n").length - 1;
      const limit = longFiles[source.path] ?? (source.isTest ? 2 * fileLinesMax : fileLinesMax);
      if (lines > limit) wrong.push(`${source.path}: ${lines} lines, at most ${limit}`);
    }
    expect(wrong).toEqual([]);
  });

  test("the linter is silenced only where it was argued", () => {
    const counts: Record<string, number> = {};
    for (const { text } of production) {
      for (const [, rule = ""] of text.matchAll(/biome-ignore(?:-all|-start)? ([\w/]+)/g))
        counts[rule] = (counts[rule] ?? 0) + 1;
    }
    const grown = Object.entries(counts).filter(([rule, count]) => count > (suppressionsMax[rule] ?? 0));
    expect(grown).toEqual([]);
  });

  test("file names are kebab-case and nothing is left to do in comments", () => {
    const wrong = sources
      .filter(({ path }) => !/^[a-z0-9-]+(\.test)?\.ts$/.test(path.split("/").at(-1) ?? ""))
      .map(({ path }) => path);
    const todo = [...sources, ...listSources("test")].filter(
      ({ path, text }) => !path.includes("tidy") && /\b(TODO|FIXME|XXX)\b/.test(text),
    );
    expect([...wrong, ...todo.map(({ path }) => path)]).toEqual([]);
  });
});

function listSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = `${folder}/${name.replaceAll("\\", "/")}`;
      const text = readFileSync(join(root, path), "utf8");
      return {
        path,
        room: roomOf(path),
        text,
        code: withoutComments(text),
        isTest: path.endsWith(".test.ts") || folder === "test",
      };
    });
}

/** "src/wire/lzw.ts" -> "wire" */
function roomOf(path: string): string {
  return path.replaceAll("\\", "/").split("/")[1] ?? "";
}

/** Good enough for this code: strings and template literals here never contain comment marks followed by a banned word. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function importsOf(source: Source): string[] {
  const pattern =
    /^\s*(?:import|export)\b[^"';]*?from\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;
  return [...source.code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** Depth first; returns the first circle of value or type imports found. */
function findCircle(files: readonly Source[]): string[] | undefined {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((imported) => imported.startsWith("."))
        .map((imported) => join(dirname(file.path), imported).replaceAll("\\", "/")),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of edges.get(path) ?? []) {
      const circle = visit(next, [...trail, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of edges.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
