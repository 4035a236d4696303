import type { Host, Logger, Metrics } from "../base/host.ts";
import { bindSockets } from "./bind-sockets.ts";
import { FileStorage } from "./file-storage.ts";
import { silentLogger, silentMetrics, singleLineLogger } from "./loggers.ts";
import { nodeClock } from "./node-clock.ts";
import { NodeRandom } from "./node-random.ts";
import { NodeResolver } from "./node-resolver.ts";
import { nodeTimers } from "./node-timers.ts";
import { SocketTransport } from "./socket-transport.ts";

/** Where a node listens, and where its log and measurements go: nowhere by default. */
export interface NodeHostOptions {
  /** An IP address of this machine, "0.0.0.0" for all of IPv4, "::" for all of IPv4 and IPv6. */
  readonly bindAddress: string;
  /** For UDP and TCP alike; 0 takes one that is free for both, see `transport.bound`. */
  readonly bindPort: number;
  /** Gets one line a message: what names of peers hold of line feeds and other control characters is escaped. */
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** What the kernel is asked to hold of packets while we are busy; 2 MiB by default, as in the reference. */
  readonly udpReceiveBufferBytes?: number;
  /** How many streams of others may be open at once, 1,024 by default; one more is closed at once. */
  readonly acceptedStreamsMax?: number;
  /** Whether in a flood of packets each sender has a share and what is beyond it is dropped unread, as by default. False reads packets as they come. */
  readonly sharesOutPackets?: boolean;
}

/** The real world of one node. */
export interface NodeHost extends Host {
  /** Closes the transport and resolves when the port is free again and the files are written. */
  close(): Promise<void>;
  /** Lets the process end while the node runs, if nothing else keeps it alive, as `unref` of a server in Node does. */
  unref(): void;
  /** Keeps the process alive again, as it is at first. */
  ref(): void;
  /** Closes whatever stream another node opens, until called with false: for when memory or open files run short. Packets are still taken. */
  shedLoad(wanted: boolean): void;
}

/**
 * Binds UDP and TCP at one address and port. Rejects with INVALID_ADDRESS, ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE,
 * ADDRESS_NOT_PERMITTED or LISTEN_FAILED, and then nothing is left bound.
 */
export async function createNodeHost(options: NodeHostOptions): Promise<NodeHost> {
  const { bindAddress, bindPort, metrics = silentMetrics } = options;
  const { udpReceiveBufferBytes = 2 * 1024 * 1024, acceptedStreamsMax = 1_024, sharesOutPackets = true } = options;
  const logger = singleLineLogger(options.logger ?? silentLogger);
  const sockets = await bindSockets(bindAddress, bindPort);
  const bothClosed = Promise.all(
    [sockets.udp, sockets.tcp].map((socket) => new Promise<void>((resolve) => socket.once("close", resolve))),
  );
  const transport = new SocketTransport({
    address: bindAddress,
    sockets,
    clock: nodeClock,
    logger,
    metrics,
    udpReceiveBufferBytes,
    acceptedStreamsMax,
    sharesOutPackets,
  });
  const storage = new FileStorage();
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: new NodeRandom(),
    transport,
    resolver: new NodeResolver(),
    storage,
    logger,
    metrics,
    close: async () => {
      transport.close();
      await Promise.all([bothClosed, storage.settled()]);
    },
    unref: () => transport.keepAlive(false),
    ref: () => transport.keepAlive(true),
    shedLoad: (wanted) => transport.shedLoad(wanted),
  };
}
