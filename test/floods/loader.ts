/** Who floods: a program in Go for packets, since Node sends some 50,000 a second at best, and sockets of this process for connections that stay. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hexEncode } from "../../src/base/bytes.ts";
import { requirePeer } from "../support/peers.ts";

/** Floods come from so many addresses of loopback. */
const firstSource = "127.0.7.1";
const sources = 8;

/** Returns the path of the program. What is compiled is kept for the next run. */
export async function buildFlood(folder: string): Promise<string> {
  const program = join(folder, "flood");
  const source = fileURLToPath(new URL("flood.go", import.meta.url));
  const cache = process.env["GOCACHE"] ?? join(tmpdir(), "serf-ts-go-cache");
  const env = { ...process.env, GO111MODULE: "off", GOFLAGS: "-buildvcs=false", GOCACHE: cache };
  await promisify(execFile)(requirePeer("go") ?? "go", ["build", "-o", program, source], { env });
  return program;
}

export interface PacketFlood {
  readonly program: string;
  readonly to: string;
  readonly packets: readonly Uint8Array[];
  readonly perSecond: number;
  readonly seconds: number;
}

/** Resolves to how many packets the kernel took. */
export async function sendPackets({ program, to, packets, perSecond, seconds }: PacketFlood): Promise<number> {
  const child = spawn(program, [to, `${perSecond}`, `${seconds}`, firstSource, `${sources}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdin.end(packets.map((packet) => `${hexEncode(packet)}\n`).join(""));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`flood ended with ${code}`);
  return Number(output);
}

/** Connections that bring `bytes`, one a second each, and never end by themselves. */
export class SlowConnections {
  refused = 0;
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;

  constructor(port: number, count: number, bytes: Uint8Array) {
    for (let number = 0; number < count; number++) this.open(port);
    let sent = 0;
    this.timer = setInterval(() => {
      const at = sent++ % Math.max(1, bytes.length);
      for (const socket of this.sockets) if (socket.writable) socket.write(bytes.subarray(at, at + 1));
    }, 1_000);
  }

  get openCount(): number {
    return this.sockets.size;
  }

  close(): void {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
  }

  private open(port: number): void {
    const socket = connect(port, "127.0.0.1");
    this.sockets.add(socket);
    socket.on("error", () => undefined).resume();
    socket.once("close", () => {
      this.sockets.delete(socket);
      this.refused += 1;
    });
  }
}
