import { Duplex } from "node:stream";
import type { Endpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { encodeFrame } from "../rpc/framing.ts";
import { encodeMessage } from "../wire/codecs.ts";
import { Agent } from "./agent.ts";
import { AgentLog } from "./agent-log.ts";
import type { AgentConfig } from "./config.ts";
import { RehearsalStage } from "./rehearsal-stage.ts";
import { MemberListEncoder } from "./rpc-records.ts";
import { RpcSession } from "./rpc-session.ts";
import { createMemoryMetrics, MetricKeys } from "./telemetry.ts";

/** Each event takes less than the one before; after so many there is little more to gain. */
const eventCount = 12;
/** As much as repairs losses after an event, and then some. */
const apartMs = 300;
const frameBytesMax = 64 * 1024;

/**
 * Has two agents tell each other a few user events, in memory and in virtual time, with a client of each. Code that runs for the first time in a process
 * takes several times as long as later: V8 compiles each function when it is first called, and learns from the first calls what it is called with. So the
 * first events that a new agent is told, or tells others, would take twice the time of later ones.
 *
 * Goes on in small steps, between which everything else has its turn. Nothing of it is left when it is done, and nobody sees it. Resolves to how many
 * answers and events the two clients were sent.
 */
export async function rehearse(config: AgentConfig): Promise<number> {
  const stage = new RehearsalStage();
  const players = ["one", "other"].map((name, index) => createPlayer(stage, config, name, 7946 + index));
  for (const player of players) {
    player.agent.serf.start();
    for (const { name, at } of players) if (name !== player.name) stage.deliver(at, player.at, introduce(name, at));
    player.say("handshake", { Version: 1 });
    player.say("stream", { Type: "user:rehearsal" });
    await pause();
  }
  for (let event = 0; event < eventCount; event++) {
    const Payload = Buffer.from(`event ${event}`);
    players[event % players.length]!.say("event", { Name: "rehearsal", Payload, Coalesce: event % 4 === 3 });
    await pause();
    stage.run(apartMs);
    await pause();
  }
  let written = 0;
  for (const { agent, hangUp, writtenCount } of players) {
    hangUp();
    agent.serf.shutdown();
    written += writtenCount();
  }
  return written;
}

function createPlayer(stage: RehearsalStage, config: AgentConfig, name: string, port: number) {
  const at: Endpoint = { address: "192.0.2.1", port }; // of a network that is kept for examples
  const logs = new AgentLog({ level: "ERR", print: () => undefined });
  const metrics = createMemoryMetrics(new MetricKeys("rehearsal", ""));
  const telemetry = { metrics, render: () => "", close: async () => undefined };
  const small = { eventBufferLength: 512, eventsWaitingMax: 64 };
  const plain = { snapshotPath: "", keyringFile: "", tagsFile: "", eventScripts: [], fastFailure: false, label: "" };
  const own = { ...config, ...plain, ...small, nodeName: name };
  const host = { ...stage.createHost(at), logger: logs, metrics };
  const agent = new Agent(own, { tags: {}, keys: [] }, at, { host, logs, telemetry, company: undefined });
  let written = 0;
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      written += 1;
      done();
    },
  });
  const session = new RpcSession(connection, "rehearsal", {
    ...{ agent, logger: logs, metrics, memberList: new MemberListEncoder(), isAuthKey: undefined },
    ...{ frameBytesMaxBeforeAuth: frameBytesMax, frameBytesMax, refused: false },
    grew: () => undefined,
    trusted: () => undefined,
  });
  session.run().catch(() => undefined);
  let sequence = 0;
  const say = (command: string, body: Parameters<typeof encodeFrame>[0]): void => {
    connection.push(Buffer.concat([encodeFrame({ Command: command, Seq: sequence++ }), encodeFrame(body)]));
  };
  return { name, at, agent, say, hangUp: () => connection.push(null), writtenCount: () => written };
}

/** What tells a node of another. */
function introduce(node: string, { address, port }: Endpoint): Uint8Array {
  const versions = {
    ...{ protocolMin: 1, protocolMax: 5, protocolCurrent: 2 },
    ...{ delegateMin: 2, delegateMax: 5, delegateCurrent: 5 },
  };
  return encodeMessage({ kind: "alive", incarnation: 1, node, address, port, meta: emptyBytes, versions });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
