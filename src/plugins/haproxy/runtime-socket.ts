/** HAProxy's sockets for commands: that of a worker, and that of the master process. One connection a command. */

import { connect } from "node:net";

const timeoutMs = 5_000;
const answerBytesMax = 16 * 1024 * 1024;

/** Sends a command and returns the answer without the empty lines at its end. Rejects where nobody answers. */
export function askSocket(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`${path} does not answer "${command}" within ${timeoutMs / 1000} s`));
    });
    // The master process answers when it knows that no more is asked.
    socket.on("connect", () => socket.end(`${command}\n`));
    socket.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > answerBytesMax) socket.destroy(new Error(`the answer of ${path} is longer than 16 MiB`));
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8").trimEnd()));
  });
}

/** A server as a worker has it. */
export interface ServerState {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** It was taken out of service by a command. */
  readonly isHeld: boolean;
}

/** Bits of `srv_admin_state` that commands set: maintenance and drain. */
const heldBits = 0x01 | 0x08;

/** Reads the answer to `show servers state`. Throws where it is none. */
export function readServersState(text: string): readonly ServerState[] {
  const lines = text.split("\n");
  const header =
    lines
      .find((line) => line.startsWith("# "))
      ?.slice(2)
      .split(" ") ?? [];
  const column = (name: string): number => {
    const index = header.indexOf(name);
    if (index < 0) throw new Error(`HAProxy does not show the state of servers, but: ${text.slice(0, 200)}`);
    return index;
  };
  const at = {
    backend: column("be_name"),
    name: column("srv_name"),
    address: column("srv_addr"),
    port: column("srv_port"),
    weight: column("srv_uweight"),
    admin: column("srv_admin_state"),
  };
  return lines.flatMap((line) => {
    const fields = line.split(" ");
    if (line.startsWith("#") || fields.length < header.length) return [];
    return {
      backend: fields[at.backend] ?? "",
      name: fields[at.name] ?? "",
      address: fields[at.address] ?? "",
      port: Number(fields[at.port]),
      weight: Number(fields[at.weight]),
      isHeld: (Number(fields[at.admin]) & heldBits) !== 0,
    };
  });
}

/** How many connections clients have with each server of a backend, by name, from the answer to `show servers conn BACKEND`. */
export function readConnections(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n");
  // Its heading has "-" as a name of a column, and every column counts.
  const used = lines[0]?.slice(2).split(" ").indexOf("used_cur") ?? -1;
  const counts = new Map<string, number>();
  for (const line of lines.slice(1)) {
    const fields = line.split(" ");
    const name = fields[0]?.split("/")[1];
    if (name !== undefined && used > 0) counts.set(name, Number(fields[used]));
  }
  return counts;
}

/** The master process and what it runs. */
export interface MasterState {
  readonly pid: number;
  readonly reloads: number;
  /** Reloads that came to nothing: the worker before them goes on. */
  readonly failed: number;
  /** The process ids of workers of the last configuration that was loaded. */
  readonly workers: readonly number[];
}

/** Reads the answer to `show proc`. Undefined where it is none. */
export function readProcesses(text: string): MasterState | undefined {
  const master = /^(\d+)\s+master\s+(\d+)(?:\s+\[failed: (\d+)\])?/m.exec(text);
  if (master === null) return undefined;
  const workers = [...text.matchAll(/^(\d+)\s+worker\s+0\s/gm)].map(([, pid]) => Number(pid));
  return { pid: Number(master[1]), reloads: Number(master[2]), failed: Number(master[3] ?? 0), workers };
}
