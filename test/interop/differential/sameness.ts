/** What the comparison is blind to: order where the reference's is that of a Go map, times, ports, folders and the wording of help. */

export interface OutputOptions {
  readonly command: string;
  readonly anyOrder?: boolean | undefined;
}

export class Sameness {
  private readonly folder: string;
  private readonly names = new Map<number, string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  port(port: number, name: string): void {
    this.names.set(port, name.toUpperCase());
  }

  /** What a command printed. */
  output(text: string, { command, anyOrder = false }: OutputOptions): string {
    const cut = text.replace(/(==> )?Usage: [\s\S]*$/, "HELP");
    const same = specially(command, sortedTags(cut));
    return this.ports(anyOrder ? inOrder(same) : same);
  }

  /** The lines of a log or a file that match, in order and without their times. */
  lines(text: string, wanted: RegExp): readonly string[] {
    return this.ports(sortedTags(text))
      .split("\n")
      .map((line) => line.replace(/^ *\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, ""))
      .filter((line) => wanted.test(line) && !atTheSocketsMercy.test(line));
  }

  /** What a monitor printed: each event as one entry with its fields in order, and the lines of the log that match, in any order. */
  blocks(text: string, wanted?: RegExp): readonly string[] {
    const blocks = [...text.matchAll(/^Event Info:\n((?:\t.*\n)+)/gm)].map(([, fields = ""]) =>
      ["Event Info:", ...fields.trimEnd().split("\n").sort()].join("\n"),
    );
    const rest = text.replaceAll(/^Event Info:\n(?:\t.*\n)+/gm, "");
    return [
      ...blocks.map((block) => this.ports(block)),
      ...(wanted === undefined ? [] : this.lines(rest, wanted).toSorted()),
    ];
  }

  /** A handler's input: lines of members, in any order, their tags too. */
  memberLines(text: string): string {
    const lines = text.split("\n").map((line) => line.replace(/[^\t]+$/, (tags) => tags.split(",").sort().join(",")));
    return text.includes("\t") ? inOrder(lines.join("\n")) : text;
  }

  /** Ports in decimal, and in the hexadecimal of Go's dumps. */
  ports(text: string): string {
    const named = text.replaceAll(this.folder, "FOLDER").replaceAll(/\b\d{5}\b/g, (digits) => {
      return this.names.get(Number(digits)) ?? digits;
    });
    return named
      .replaceAll(/"Port":0x([0-9a-f]+)/g, (all, hex: string) => {
        const name = this.names.get(Number.parseInt(hex, 16));
        return name === undefined ? all : `"Port":${name}`;
      })
      .replaceAll(/(tcp 127\.0\.0\.1:)\d+(->)/g, "$1PORT$2")
      .replaceAll(/(Accepted client: 127\.0\.0\.1:)\d+/g, "$1PORT");
  }
}

/**
 * HashiCorp's agent says the first when a client that has its answer is gone before the query's end can be written: now and then. The second
 * is said by either when a push/pull happens to go to an agent that has just been ended.
 */
const atTheSocketsMercy =
  /Failed to stream query end to .*: (use of closed network connection|broken pipe)|Push\/Pull with .* failed: .*connection refused/;

function inOrder(text: string): string {
  if (!text.startsWith("{")) return text.split("\n").sort().join("\n");
  const { members } = JSON.parse(text) as { members?: readonly { name: string }[] | null };
  if (!Array.isArray(members) || members.length < 2) return text.split("\n").sort().join("\n");
  return JSON.stringify({ members: members.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }, undefined, 2);
}

/** The reference lists tags as a Go map comes: in another order each time. */
function sortedTags(text: string): string {
  return text.replaceAll(/\S+=[^\s,]*(,\S+=[^\s,]*)+/g, (tags) => tags.split(",").sort().join(","));
}

function specially(command: string, text: string): string {
  switch (command) {
    case "keygen":
      return text.replace(/^[A-Za-z0-9+/]{43}=$/m, "KEY");
    case "rtt":
      return text.replace(/rtt: \d+\.\d{3} ms/, "rtt: TIME ms");
    case "reachability":
      return text.replaceAll(/\d+\.\d\d sec/g, "TIME sec");
    case "info":
      return withoutRuntime(text);
    default:
      return text.replace(/^\d+\.\d+\.\d+(-dev)?\n(Agent Protocol:)/, "VERSION\n$2");
  }
}

/** Versions and sizes of what it runs on; how long its queues happen to be, and how busy the machine is. */
function withoutRuntime(text: string): string {
  return text
    .replace(/(runtime:\n)(\t.*\n)*/, "$1")
    .replace(/("runtime": \{)[^}]*\}/, "$1}")
    .replaceAll(/((?:\w+_queue|health_score)"?(?: =|:) "?)\d+/g, "$1N");
}
