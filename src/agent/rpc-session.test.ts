import { Buffer } from "node:buffer";
import { type Duplex, duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import { AgentStandIn, member, userEvent } from "../../test/support/agent-stand-in.ts";
import { isRejected } from "../base/rejected.ts";
import { decodeFrame, encodeFrame, FrameReader, type FrameValue } from "../rpc/framing.ts";
import { RecordingMetrics } from "../simulator/recorder.ts";
import { MemberListEncoder } from "./rpc-records.ts";
import { RpcSession } from "./rpc-session.ts";

/** A client at the other end of a connection in memory, which writes what it likes. */
class RawClient {
  readonly agent = new AgentStandIn();
  readonly lines: string[] = [];
  readonly session: RpcSession;
  readonly ended: Promise<void>;
  readonly metrics = new RecordingMetrics();
  trusted = 0;
  private readonly end: Duplex;
  private readonly serverEnd: Duplex;
  private readonly reader = new FrameReader(2 ** 24);

  constructor(
    options: { authKey?: string; frameBytesMaxBeforeAuth?: number; frameBytesMax?: number; refused?: boolean } = {},
  ) {
    const [ours, theirs] = duplexPair();
    this.end = ours;
    this.serverEnd = theirs;
    const { authKey } = options;
    this.session = new RpcSession(theirs, "192.0.2.1:50000", {
      agent: this.agent,
      logger: {
        enabled: () => true,
        log: (level, message) => {
          this.lines.push(`[${level}] ${message}`);
          this.agent.logs.append(level, `[${level}] ${message}`);
        },
      },
      metrics: this.metrics,
      memberList: new MemberListEncoder(),
      isAuthKey: authKey === undefined ? undefined : (key) => key === authKey,
      frameBytesMaxBeforeAuth: options.frameBytesMaxBeforeAuth ?? 1_024,
      frameBytesMax: options.frameBytesMax ?? 65_536,
      refused: options.refused ?? false,
      grew: () => undefined,
      trusted: () => {
        this.trusted += 1;
      },
    });
    this.ended = this.session.run();
  }

  send(...frames: Record<string, FrameValue>[]): void {
    this.write(Buffer.concat(frames.map((frame) => encodeFrame(frame))));
  }

  write(bytes: Uint8Array): void {
    this.end.write(bytes);
  }

  /** Bytes that the server has written and the client has not read. */
  get answersWaiting(): number {
    return this.serverEnd.writableLength + this.end.readableLength;
  }

  finish(): void {
    this.end.end();
  }

  /** The next message, or "end" when the server has hung up. */
  async receive(): Promise<unknown> {
    for (;;) {
      const frame = this.reader.next();
      if (frame !== undefined) return isRejected(frame) ? frame : decodeFrame(frame);
      const chunk = this.end.read() as Uint8Array | null;
      if (chunk !== null) this.reader.push(chunk);
      else if (this.end.readableEnded) return "end";
      else await this.something();
    }
  }

  /** Resolves when there is more to read, or never will be. */
  private something(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.end.off("readable", done).off("end", done);
        resolve();
      };
      this.end.on("readable", done).on("end", done);
    });
  }

  async call(...frames: Record<string, FrameValue>[]): Promise<unknown> {
    this.send(...frames);
    return this.receive();
  }

  async shakeHands(): Promise<void> {
    expect(await this.call({ Command: "handshake", Seq: 0 }, { Version: 1 })).toEqual({ Error: "", Seq: 0 });
  }
}

async function connected(options?: ConstructorParameters<typeof RawClient>[0]): Promise<RawClient> {
  const client = new RawClient(options);
  await client.shakeHands();
  return client;
}

describe("an RPC session, before it trusts a client", () => {
  test("answers anything but a handshake with an error and hangs up (detail 22)", async () => {
    const client = new RawClient();
    expect(await client.call({ Command: "members", Seq: 7 })).toEqual({ Error: "Handshake required", Seq: 7 });
    expect(await client.receive()).toBe("end");
    expect(client.lines).toEqual(["[ERR] agent.ipc: Failed to evaluate request: Handshake required"]);
  });

  test("speaks version 1 only, and shakes hands once", async () => {
    const client = new RawClient();
    expect(await client.call({ Command: "handshake", Seq: 1 }, { Version: 2 })).toMatchObject({
      Error: "Unsupported IPC version",
    });
    expect(await client.call({ Command: "handshake", Seq: 2 }, { Version: 1 })).toMatchObject({ Error: "" });
    expect(await client.call({ Command: "handshake", Seq: 3 }, { Version: 1 })).toMatchObject({
      Error: "Handshake already performed",
    });
  });

  test("refuses commands without the key, reads their bodies, and serves once the key is shown (detail 22)", async () => {
    const client = await connected({ authKey: "secret" });
    expect(client.trusted).toBe(0);
    const event = [{ Command: "event", Seq: 1 }, { Name: "x" }];
    expect(await client.call(...event)).toEqual({ Error: "Authentication required", Seq: 1 });
    expect(await client.call({ Command: "members", Seq: 2 })).toEqual({ Error: "Authentication required", Seq: 2 });
    expect(await client.call({ Command: "auth", Seq: 3 }, { AuthKey: "guess" })).toEqual({
      Error: "Invalid authentication token",
      Seq: 3,
    });
    expect(await client.call({ Command: "auth", Seq: 4 }, { AuthKey: "secret" })).toEqual({ Error: "", Seq: 4 });
    expect(client.trusted).toBe(1);
    expect(await client.call(...event)).toEqual({ Error: "", Seq: 1 });
    expect(client.agent.calls).toHaveLength(1);
  });

  test("holds little for a stranger who asks and never reads, and warns of him once", async () => {
    const client = await connected({ authKey: "secret" });
    const requests = Array.from({ length: 20_000 }, (_, i) => ({ Command: "members", Seq: i }));
    client.send(...requests);
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.answersWaiting).toBeLessThan(100_000);
    for (const { Seq } of requests) expect(await client.receive()).toEqual({ Error: "Authentication required", Seq });
    expect(client.lines).toEqual(["[WARN] agent.ipc: Client sending commands before auth"]);
  });

  test("refuses a large frame until the client is known, and a larger one after", async () => {
    const sized = (bytes: number): Record<string, FrameValue> => ({
      Command: "event",
      Seq: 1,
      Padding: "x".repeat(bytes),
    });
    const stranger = new RawClient();
    stranger.send(sized(2_000));
    expect(await stranger.receive()).toBe("end");
    expect(stranger.lines[0]).toMatch(/^\[ERR\] agent\.ipc: failed to decode request header: RPC frame of at least/);

    const known = await connected();
    expect(await known.call(sized(2_000), { Name: "x" })).toEqual({ Error: "", Seq: 1 });
    known.send(sized(70_000));
    expect(await known.receive()).toBe("end");
  });

  test("hangs up on bytes that are no message", async () => {
    const client = new RawClient();
    client.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(await client.receive()).toBe("end");
    expect(client.lines[0]).toContain("failed to decode request header");
  });

  test("ends quietly when the client ends in the middle of a frame", async () => {
    const client = new RawClient();
    client.write(encodeFrame({ Command: "handshake", Seq: 0 }).subarray(0, 9));
    client.finish();
    await client.ended;
    expect(client.lines).toEqual([]);
  });
});

describe("an RPC session", () => {
  test("answers an unknown command with an error and hangs up (detail 22)", async () => {
    const client = await connected();
    expect(await client.call({ Command: "no\npe", Seq: 5 })).toEqual({ Error: "Unsupported command", Seq: 5 });
    expect(await client.receive()).toBe("end");
    expect(client.lines).toEqual(["[ERR] agent.ipc: Failed to evaluate request: command 'no\\npe' not recognized"]);
  });

  test("hangs up on a body of the wrong form", async () => {
    const client = await connected();
    client.send({ Command: "join", Seq: 5 }, { Existing: "not a list" });
    expect(await client.receive()).toBe("end");
    expect(client.lines[0]).toMatch(/^\[ERR\] agent\.ipc: Failed to evaluate request: decode failed: Existing/);
  });

  test("answers requests in order, also those sent in one go and before the client ended", async () => {
    const client = new RawClient();
    client.send(
      { Command: "handshake", Seq: 0 },
      { Version: 1 },
      { Command: "join", Seq: 1 },
      { Existing: ["10.0.0.1"], Replay: true },
      { Command: "event", Seq: 2 },
      { Name: "deploy", Payload: Buffer.from([255, 0]), Coalesce: true },
    );
    client.finish();
    expect(await client.receive()).toEqual({ Error: "", Seq: 0 });
    expect(await client.receive()).toEqual({ Error: "", Seq: 1 });
    expect(await client.receive()).toEqual({ Num: 1 });
    expect(await client.receive()).toEqual({ Error: "", Seq: 2 });
    expect(await client.receive()).toBe("end");
    expect(client.metrics.counters.get("agent.ipc.command")).toBe(3);
    expect(client.agent.calls).toEqual([
      ["join", ["10.0.0.1"], true],
      ["userEvent", "deploy", [255, 0], true],
    ]);
  });

  test("repeats a sequence number of 64 bits exactly", async () => {
    const client = await connected();
    expect(await client.call({ Command: "stop", Seq: 2n ** 64n - 1n }, {})).toEqual({ Error: "", Seq: 2n ** 64n - 1n });
  });

  test("sends a body after the error of a join, in the reference's words (detail 22)", async () => {
    const client = await connected();
    const failures = ["a", "b"].map((address) => ({ address, reason: `Failed to join ${address}: refused` }));
    client.agent.joinOutcome = { joined: 0, failures };
    expect(await client.call({ Command: "join", Seq: 1 }, { Existing: ["a", "b"] })).toEqual({
      Error: "2 errors occurred:\n\t* Failed to join a: refused\n\t* Failed to join b: refused\n\n",
      Seq: 1,
    });
    expect(await client.receive()).toEqual({ Num: 0 });
  });

  test("hands on what the agent objects to", async () => {
    const client = await connected();
    expect(await client.call({ Command: "event", Seq: 1 }, { Name: "too-large" })).toEqual({
      Error: "user event exceeds configured limit of 512 bytes before encoding",
      Seq: 1,
    });
  });

  test("lists members byte for byte as the reference does", async () => {
    const client = await connected();
    client.agent.membersNow = [member("deb1", "alive", { x: "a<b>&", foo: "bar" })];
    expect(await client.call({ Command: "members", Seq: 1 })).toEqual({ Error: "", Seq: 1 });
    const captured =
      "81a74d656d62657273918ba441646472c4047f000001ab44656c656761746543757205ab44656c65676174654d617805ab44656c65676174654d696e02a44e616d65a464656231a4506f7274cd1f0aab50726f746f636f6c43757202ab50726f746f636f6c4d617805ab50726f746f636f6c4d696e01a6537461747573a5616c697665a45461677382a178a5613c623e26a3666f6fa3626172";
    const body = (await client.receive()) as Record<string, FrameValue>;
    expect(Buffer.from(encodeFrame(body)).toString("hex")).toBe(captured);
  });

  test("lists members anew when one of them changed, came or went", async () => {
    const client = await connected();
    const names = async (): Promise<string[]> => {
      await client.call({ Command: "members", Seq: 1 });
      const { Members } = (await client.receive()) as { Members: { Name: string; Status: string }[] };
      return Members.map(({ Name, Status }) => `${Name} ${Status}`);
    };
    expect(await names()).toEqual(["one alive", "two failed"]);
    client.agent.membersNow = [member("one", "left", {}), client.agent.membersNow[1]!];
    expect(await names()).toEqual(["one left", "two failed"]);
    client.agent.membersNow = client.agent.membersNow.slice(1);
    expect(await names()).toEqual(["two failed"]);
    client.agent.membersNow = [];
    expect(await names()).toEqual([]);
  });

  test("filters members by anchored RE2 expressions, and answers a bad one (details 11, 22)", async () => {
    const client = await connected();
    const filtered = async (criteria: Record<string, FrameValue>): Promise<[string, string[]]> => {
      const { Error: error } = (await client.call({ Command: "members-filtered", Seq: 1 }, criteria)) as {
        Error: string;
      };
      const { Members } = (await client.receive()) as { Members: { Name: string }[] };
      return [error, Members.map(({ Name }) => Name)];
    };
    expect(await filtered({})).toEqual(["", ["one", "two"]]);
    expect(await filtered({ Name: "(?i)O" })).toEqual(["", []]);
    expect(await filtered({ Name: "(?i)O[[:alpha:]]+" })).toEqual(["", ["one"]]);
    expect(await filtered({ Status: "failed|left" })).toEqual(["", ["two"]]);
    expect(await filtered({ Tags: { role: "w.*" } })).toEqual(["", ["one"]]);
    expect(await filtered({ Tags: { role: "" } })).toEqual(["", ["two"]]);
    expect(await filtered({ Name: "deb(" })).toEqual([
      "Failed to compile regex: error parsing regexp: missing closing ): `^deb($`",
      [],
    ]);
  });

  test("streams the events that match, after the answer, until it is stopped", async () => {
    const client = await connected();
    expect(await client.call({ Command: "stream", Seq: 3 }, { Type: "nonsense" })).toMatchObject({
      Error: "Invalid event filter",
    });
    expect(await client.call({ Command: "stream", Seq: 3 }, { Type: "user:deploy,member-failed" })).toEqual({
      Error: "",
      Seq: 3,
    });
    expect(await client.call({ Command: "stream", Seq: 3 }, { Type: "*" })).toMatchObject({
      Error: "Stream with given sequence exists",
    });
    client.agent.raise(userEvent("other"));
    client.agent.raise(userEvent("deploy", "v1"));
    expect(await client.receive()).toEqual({ Error: "", Seq: 3 });
    const payload = new Uint8Array(Buffer.from("v1"));
    expect(await client.receive()).toEqual({
      Coalesce: false,
      Event: "user",
      LTime: 9,
      Name: "deploy",
      Payload: payload,
    });
    client.agent.raise({ kind: "member-failed", members: client.agent.membersNow });
    await client.receive();
    expect(await client.receive()).toMatchObject({
      Event: "member-failed",
      Members: [{ Name: "one" }, { Name: "two" }],
    });
    expect(await client.call({ Command: "stop", Seq: 4 }, { Stop: 3 })).toEqual({ Error: "", Seq: 4 });
    expect(client.agent.listeners.size).toBe(0);
    expect(await client.call({ Command: "stop", Seq: 5 }, { Stop: 99 })).toEqual({ Error: "", Seq: 5 });
  });

  test("monitors: the lines kept first, then new ones, from a level upwards, once a connection (detail 23)", async () => {
    const client = await connected();
    client.agent.logs.append("INFO", "old info");
    client.agent.logs.append("WARN", "old warning");
    expect(await client.call({ Command: "monitor", Seq: 3 }, { LogLevel: "loud" })).toMatchObject({
      Error: "Unknown log level: LOUD",
    });
    expect(await client.call({ Command: "monitor", Seq: 3 }, { LogLevel: "warn" })).toEqual({ Error: "", Seq: 3 });
    client.agent.logs.append("DEBUG", "new debug");
    client.agent.logs.append("ERR", "new error");
    const lines = [await client.receive(), await client.receive(), await client.receive(), await client.receive()];
    expect(lines).toEqual([{ Error: "", Seq: 3 }, { Log: "old warning" }, { Error: "", Seq: 3 }, { Log: "new error" }]);
    expect(await client.call({ Command: "monitor", Seq: 4 }, { LogLevel: "warn" })).toMatchObject({
      Error: "Monitor already exists",
    });
    await client.call({ Command: "stop", Seq: 5 }, { Stop: 3 });
    expect(await client.call({ Command: "monitor", Seq: 6 }, { LogLevel: "err" })).toMatchObject({ Error: "" });
  });

  test("keeps a reader that does not keep up, drops its records beyond 16,384 and warns of each (detail 23)", async () => {
    const client = await connected();
    await client.call({ Command: "stream", Seq: 3 }, { Type: "*" });
    const sent = 18_000;
    for (let i = 0; i < sent; i++) client.agent.raise(userEvent(`e${i}`, "x".repeat(1_000)));
    const warning = "[WARN] agent.ipc: Dropping event to ipc.client: 192.0.2.1:50000";
    const warnings = client.lines.filter((line) => line === warning).length;
    expect(warnings).toBeGreaterThan(sent - 16_384 - 100);
    client.send({ Command: "stats", Seq: 4 });
    let records = 0;
    for (;;) {
      const header = (await client.receive()) as { Seq: number };
      const body = await client.receive();
      if (header.Seq === 4) break;
      expect(body).toMatchObject({ Name: `e${records}` });
      records += 1;
    }
    expect(records).toBe(sent - warnings);
  });

  test("tells a reader that asked for it how many events it has lost", async () => {
    const client = await connected();
    await client.call({ Command: "stream", Seq: 3 }, { Missed: true, Type: "*" });
    const sent = 18_000;
    for (let i = 0; i < sent; i++) client.agent.raise(userEvent(`e${i}`, "x".repeat(1_000)));
    const lost = client.lines.filter((line) => line.includes("Dropping event")).length;
    expect(lost).toBeGreaterThan(0);
    for (let i = 0; i < sent - lost; i++) {
      expect(await client.receive()).toMatchObject({ Seq: 3 });
      expect(await client.receive()).toMatchObject({ Event: "user" });
    }
    expect(await client.receive()).toMatchObject({ Seq: 3 });
    expect(await client.receive()).toEqual({ Event: "missed", Missed: lost });
  });

  test("warns once, not for each line, when a monitor does not keep up", async () => {
    const client = await connected();
    await client.call({ Command: "monitor", Seq: 3 }, { LogLevel: "info" });
    for (let i = 0; i < 2_000; i++) client.agent.logs.append("INFO", "x".repeat(1_000));
    expect(client.lines).toEqual(["[WARN] agent.ipc: Dropping logs to ipc.client: 192.0.2.1:50000"]);
  });

  test("leaves, and answers before it is closed", async () => {
    const client = await connected();
    client.send({ Command: "leave", Seq: 1 });
    expect(await client.receive()).toEqual({ Error: "", Seq: 1 });
    expect(client.agent.calls).toEqual([["leave"]]);
    client.session.close();
    expect(await client.receive()).toBe("end");
  });

  test("forgets its streams when the client goes", async () => {
    const client = await connected();
    await client.call({ Command: "stream", Seq: 1 }, { Type: "*" });
    await client.call({ Command: "monitor", Seq: 2 }, { LogLevel: "err" });
    client.finish();
    await client.ended;
    expect(client.agent.listeners.size).toBe(0);
  });
});
