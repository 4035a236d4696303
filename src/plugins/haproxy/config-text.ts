/**
 * A configuration as HAProxy reads it, as far as servers go: which there are, and whether anything else differs. Read from what was
 * rendered, so that it holds for any template.
 */

/** A server line of a backend. */
export interface ConfigServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** The settings after the address without the weight, in one line. */
  readonly settings: string;
}

export interface ConfigText {
  /** Everything else but comments. As long as that is the same, the sockets can do all that is to be done. */
  readonly rest: string;
  /** By `backend/name`. */
  readonly servers: ReadonlyMap<string, ConfigServer>;
  /** Those with servers, or with none at the moment. */
  readonly backends: ReadonlySet<string>;
}

const weightDefault = 1;
/** What stands for itself in a command and in a file: no quotes, escapes, variables, comments, further commands. */
const plainSettings = /^[A-Za-z0-9_.,:/@%+=~[\]() -]*$/;

/** The key of a server. */
export function serverKey(backend: string, name: string): string {
  return `${backend}/${name}`;
}

/** Divides a configuration. Server lines that a socket could not be told literally count among the rest. */
export function readConfig(text: string): ConfigText {
  const rest: string[] = [];
  const servers = new Map<string, ConfigServer>();
  const backends = new Set<string>();
  let backend: string | undefined;
  for (const line of text.split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [keyword = "", name = ""] = line.trim().split(/\s+/);
    if (isSection(line)) {
      backend = keyword === "backend" || keyword === "listen" ? name : undefined;
      if (backend !== undefined) backends.add(backend);
    }
    const server = backend === undefined || keyword !== "server" ? undefined : readServer(backend, line);
    const key = server && serverKey(server.backend, server.name);
    if (server === undefined || key === undefined || servers.has(key)) rest.push(line);
    else servers.set(key, server);
  }
  return { rest: rest.join("\n"), servers, backends };
}

const sections = new Set([
  ...["global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "program"],
  ...["http-errors", "cache", "ring", "log-forward", "fcgi-app"],
]);

function isSection(line: string): boolean {
  return sections.has(line.trim().split(/\s+/)[0] ?? "");
}

function readServer(backend: string, line: string): ConfigServer | undefined {
  const words = line.trim().split(/\s+/);
  const [, name = "", endpoint = "", ...settings] = words;
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(endpoint) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined || !/^[A-Za-z0-9_.:-]+$/.test(name)) return undefined;
  let weight = weightDefault;
  const others: string[] = [];
  for (let index = 0; index < settings.length; index++) {
    const word = settings[index]!;
    if (word === "weight" && /^\d+$/.test(settings[index + 1] ?? "")) {
      index += 1;
      weight = Number(settings[index]);
    } else {
      others.push(word);
    }
  }
  const text = others.join(" ");
  if (!plainSettings.test(text)) return undefined;
  return { backend, name, address, port: Number(port), weight, settings: text };
}
