import { describe, expect, test } from "vitest";
import { readConfig } from "./config-text.ts";
import { Roster } from "./roster.ts";

const drainMs = 1_000;
const config = (...servers: string[]) =>
  readConfig(["backend web", ...servers.map((line) => ` server ${line}`)].join("\n"));

/** A worker that answers as HAProxy does, and remembers what it was told. */
class Worker {
  readonly told: string[] = [];
  /** By what a command begins with. */
  answers: Record<string, string> = {};
  connections = 0;
  nowMs = 0;
  private readonly rows: readonly string[];

  constructor(...rows: string[]) {
    this.rows = rows;
  }

  roster(): Roster {
    return new Roster({ ask: (command) => Promise.resolve(this.answer(command)), nowMs: () => this.nowMs, drainMs });
  }

  private answer(command: string): string {
    if (command === "show servers state")
      return ["1", "# be_name srv_name srv_addr srv_port srv_uweight srv_admin_state", ...this.rows].join("\n");
    if (command.startsWith("show servers conn"))
      return `# bkname/svname used_cur\n${this.rows.map((row) => `web/${row.split(" ")[1]} ${this.connections}`).join("\n")}`;
    this.told.push(command);
    const own = Object.keys(this.answers).find((prefix) => command.startsWith(prefix));
    if (own !== undefined) return this.answers[own]!;
    if (command.startsWith("add server")) return "New server registered.";
    if (command.includes("del server")) return "Server deleted.";
    return command.includes(" addr ") ? "IP changed from '1' to '2' by 'stats socket command'" : "";
  }
}

describe("Roster", () => {
  test("adds, moves and weighs servers, and tells nothing that is so already", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 0", "web b 10.0.0.2 80 1 0");
    const before = config("a 10.0.0.1:80", "b 10.0.0.2:80");
    const wanted = config("a 10.0.0.9:81 weight 5", "b 10.0.0.2:80", "c [fd00::3]:80 check inter 2s");
    expect(await worker.roster().bring(wanted, before)).toEqual({ kind: "done" });
    expect(worker.told).toEqual([
      "set server web/a addr 10.0.0.9 port 81",
      "set server web/a weight 5",
      "add server web/c [fd00::3]:80 weight 1 check inter 2s; enable health web/c; enable server web/c",
    ]);
  });

  test("leaves a server alone that an operator has taken out of service", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 1");
    const same = config("a 10.0.0.1:80");
    expect(await worker.roster().bring(same, same)).toEqual({ kind: "done" });
    expect(worker.told).toEqual([]);
  });

  test("drains what is wanted no more, and deletes it when its last connection has ended", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 0");
    const roster = worker.roster();
    worker.connections = 1;
    await roster.bring(config(), config("a 10.0.0.1:80"));
    await roster.sweep();
    expect(worker.told).toEqual(["set server web/a state drain"]);
    worker.connections = 0;
    expect(await roster.sweep()).toEqual({ kind: "done" });
    expect(worker.told.at(-1)).toBe("set server web/a state maint; del server web/a");
    expect(roster.leavingCount).toBe(0);
  });

  test("closes connections when the time to drain is over, and has HAProxy reloaded where even that does not help", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 0");
    worker.answers = {
      "set server web/a state maint": "Server still has connections attached to it, cannot remove it.",
    };
    worker.connections = 1;
    const roster = worker.roster();
    await roster.drain(["web/a"]);
    worker.nowMs = drainMs;
    expect(await roster.sweep()).toEqual({ kind: "done" });
    expect(worker.told.at(-1)).toBe("set server web/a state maint; shutdown sessions server web/a; del server web/a");
    worker.nowMs = drainMs + 60_000;
    expect(await roster.sweep()).toMatchObject({
      kind: "reload",
      why: expect.stringContaining("web/a is not deleted"),
    });
  });

  test("brings a server back that was on its way out", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 8");
    const roster = worker.roster();
    await roster.drain(["web/a"]);
    const same = config("a 10.0.0.1:80");
    await roster.bring(same, same);
    expect(worker.told.at(-1)).toBe("set server web/a state ready");
    expect(roster.leavingCount).toBe(0);
  });

  test.each([
    ["HAProxy does not add it", config("a 10.0.0.1:80"), { "add server": "unknown keyword 'x'." }],
    ["there are defaults that it would not get", config("a 10.0.0.1:80\n default-server check"), {}],
  ])("asks for a reload where %s", async (_why, wanted, answers) => {
    const worker = new Worker();
    worker.answers = answers;
    expect(await worker.roster().bring(wanted, config())).toMatchObject({ kind: "reload" });
  });

  test("asks for a reload where a server has other settings", async () => {
    const worker = new Worker("web a 10.0.0.1 80 1 0");
    const outcome = await worker.roster().bring(config("a 10.0.0.1:80 check"), config("a 10.0.0.1:80"));
    expect(outcome).toEqual({ kind: "reload", why: "server web/a has other settings" });
  });
});
