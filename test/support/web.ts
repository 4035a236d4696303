/** Web servers behind a load balancer, and a client that asks it a great deal. */

import { createServer, get, Agent as HttpAgent, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers every request with its name; `/slow` when it is told to. */
export class WebServer {
  readonly name: string;
  requests = 0;
  private readonly server: Server;
  private readonly held: (() => void)[] = [];

  private constructor(name: string) {
    this.name = name;
    this.server = createServer((request, response) => {
      this.requests += 1;
      const answer = (): void => void response.end(name);
      if (request.url === "/slow") this.held.push(answer);
      else answer();
    });
  }

  static async start(name: string, port = 0, host = "127.0.0.1"): Promise<WebServer> {
    const web = new WebServer(name);
    await new Promise<void>((resolve, reject) => {
      web.server.once("error", reject);
      web.server.listen(port, host, resolve);
    });
    return web;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get heldCount(): number {
    return this.held.length;
  }

  /** Answers what was asked of `/slow`. */
  release(): void {
    for (const answer of this.held.splice(0)) answer();
  }

  async close(): Promise<void> {
    this.release();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The answer to one request, on a connection of its own. Rejects for anything but 200. */
export function ask(port: number, path = "/", host = "127.0.0.1", auth?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = new HttpAgent({ keepAlive: false });
    const request = get({ host, port, path, agent, timeout: 10_000, ...(auth && { auth }) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
    request.on("error", reject);
  });
}

/** Asks again and again, several at a time, until it is stopped. */
export class Load {
  count = 0;
  readonly failures: string[] = [];
  /** How many answers came from each. */
  readonly answers: Record<string, number> = {};
  private readonly workers: Promise<void>[];
  private stopping = false;

  constructor(port: number, concurrency = 8) {
    this.workers = Array.from({ length: concurrency }, () => this.work(port));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.workers);
  }

  private async work(port: number): Promise<void> {
    while (!this.stopping) {
      try {
        const name = await ask(port);
        this.answers[name] = (this.answers[name] ?? 0) + 1;
      } catch (error) {
        this.failures.push(String(error));
      }
      this.count += 1;
    }
  }
}
