/** The built-in plugin `dns`: the live members as a zone that any resolver can ask. See docs/plugins/dns.md. */

import type { Endpoint } from "../../base/address.ts";
import { formatEndpoint } from "../../base/address.ts";
import { assert } from "../../base/errors.ts";
import { boolean, durationMs, integer, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { definePlugin, type PluginContext } from "../plugin.ts";
import { Forwarder } from "./forwarder.ts";
import { listenAt } from "./listeners.ts";
import { writeMasterFile } from "./master-file.ts";
import { NameServer } from "./name-server.ts";
import { type Labels, nameBytes, parseName } from "./names.ts";
import { parseNetworks } from "./networks.ts";
import { Placing } from "./places.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { dnsPort, parseServer, Resolvers } from "./resolvers.ts";
import { Zone, type ZoneOptions } from "./zone.ts";

/** Not 53: that takes privileges, and on most systems a resolver of the host listens there. It is the port of Consul's DNS, too. */
const portDefault = 8600;
const zoneBytesMax = 40;
const hourMs = 3_600_000;
/** Members that change together make one new zone, a tenth of a second late at most. */
const rebuildTimes = { quietMs: 10, waitMaxMs: 100 };

const options = {
  zone: {
    type: text(zoneBytesMax),
    default: "serf.",
    doc: "The name under which all others are. Letters, digits and dashes between dots; at most 40 bytes.",
  },
  listen: {
    type: texts(),
    default: ["127.0.0.1:8600"],
    doc: "Addresses to answer at, over UDP and TCP, each as `address[:port]`; port 8600 where none is given. Name the addresses of a host with several rather than 0.0.0.0, from which answers may leave by another address than was asked. Port 53 needs root or CAP_NET_BIND_SERVICE.",
  },
  ttlMs: {
    type: durationMs(0, hourMs),
    default: 5_000,
    doc: "How long others may take an answer for true, in whole seconds; also that there is no such name. A member that is gone is asked for so much longer. 0 keeps nobody from asking again at once.",
  },
  portTag: {
    type: text(),
    default: "port",
    doc: "The tag with the port of a member's SRV record. Members without it have none. `_http._tcp.NAME` asks for the tag `http_port` instead, where a member has that.",
  },
  weightTag: {
    type: text(),
    default: "weight",
    doc: "The tag with the weight in SRV records, 0 to 65535; 1 for members without it.",
  },
  clients: {
    type: texts(),
    default: [
      "127.0.0.0/8",
      "10.0.0.0/8",
      "100.64.0.0/10",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.168.0.0/16",
      "::1",
      "fc00::/7",
      "fe80::/10",
    ],
    doc: "Networks that are answered, as `address/bits`; all others are refused. By default those that are private. A name server for everybody is misused against others: keep `forward` off there.",
  },
  rateMax: {
    type: integer(0, 1_000_000),
    default: 1_000,
    doc: "Answers a second over UDP to one network, a /24 of IPv4 or a /56 of IPv6; 0 is no limit. Beyond it every other question is told to come by TCP, and the rest get nothing. Loopback is not counted.",
  },
  udpBytesMax: {
    type: integer(512, 4_096),
    default: 1_232,
    doc: "The longest answer over UDP, for those who take more than 512 bytes. 1232 passes every network undivided; what is longer is asked for again over TCP.",
  },
  tcpConnectionsMax: {
    type: integer(1, 10_000),
    default: 128,
    doc: "Connections open at a time at each address. One more closes the oldest.",
  },
  tcpIdleMs: {
    type: durationMs(1_000, hourMs),
    default: 10_000,
    doc: "A connection on which no whole question comes for so long is closed.",
  },
  forward: {
    type: boolean(),
    default: false,
    doc: "Ask the resolvers of the host for all other names, so that a host needs no other name server. Off, those names are refused.",
  },
  resolvers: {
    type: texts(),
    default: [],
    doc: "Name servers to forward to, each as `address[:port]`, in this order. Default: those in /etc/resolv.conf, which is read again when it changes, without this server itself.",
  },
  forwardTimeoutMs: {
    type: durationMs(100, 30_000),
    default: 1_500,
    doc: "How long one resolver is waited for. Each is asked twice, in turn; then the answer is that the server failed.",
  },
} as const;

type Options = ResolvedOptions<typeof options>;

export const plugin = definePlugin({
  name: "dns",
  description: "Answers DNS questions about the live members: by node, role and tag",
  options,
  actions: { zone: { usage: "", doc: "Prints all names and their records as a master file." } },
  checkOptions,
  async start(context) {
    const zone = new LiveZone(context);
    const endpoints = parseAll(context.options.listen, portDefault);
    const forwarder = createForwarder(context, endpoints);
    const server = new NameServer({
      zone: () => zone.current,
      clients: clientsOf(context.options),
      limiter: new RateLimiter(context.options.rateMax),
      forwarder,
      udpBytesMax: context.options.udpBytesMax,
      random: Math.random,
    });
    const listeners: Awaited<ReturnType<typeof listenAt>>[] = [];
    const stop = async (): Promise<void> => {
      forwarder?.stop();
      await Promise.all(listeners.map((listener) => listener.close()));
    };
    try {
      for (const endpoint of endpoints) {
        const { tcpConnectionsMax: connectionsMax, tcpIdleMs: idleMs } = context.options;
        const receive = server.receive.bind(server);
        const { fail, scheduler } = context;
        listeners.push(await listenAt(endpoint, { receive, fail, scheduler, connectionsMax, idleMs }));
      }
    } catch (error) {
      await stop();
      throw error;
    }
    zone.follow(`${context.options.zone} at ${endpoints.map(formatEndpoint).join(", ")}`);
    return { stop, actions: { zone: () => writeMasterFile(zone.current) } };
  },
});

/** The zone of the members as they are. */
class LiveZone {
  current: Zone;
  private readonly context: PluginContext<Options>;
  private readonly zoneOptions: ZoneOptions;
  private readonly placing: Placing;

  constructor(context: PluginContext<Options>) {
    const { zone, portTag, weightTag, ttlMs } = context.options;
    const labels = parseZone(zone);
    assert(labels !== undefined, "checkOptions looked at the zone");
    this.context = context;
    this.zoneOptions = { zone: labels, portTag, weightTag, ttlSeconds: Math.ceil(ttlMs / 1000) };
    this.placing = new Placing(labels);
    this.current = this.build(0);
  }

  follow(what: string): void {
    const { members, scheduler, setStatus } = this.context;
    const tell = (): void => setStatus(`${what}, ${this.current.memberCount} members`);
    const rebuild = scheduler.debounce(() => {
      this.current = this.build(this.current.serial);
      tell();
    }, rebuildTimes);
    members.onChange(rebuild);
    tell();
  }

  /** Serial numbers grow with time and with every change, also across restarts. */
  private build(serialBefore: number): Zone {
    const { members } = this.context;
    const serial = Math.max(serialBefore + 1, Math.floor(Date.now() / 1000));
    return new Zone(members.list(), members.self(), serial, this.zoneOptions, this.placing);
  }
}

function createForwarder({ options, scheduler }: PluginContext<Options>, own: readonly Endpoint[]) {
  if (!options.forward) return undefined;
  const resolvers = new Resolvers(parseAll(options.resolvers, dnsPort), own);
  return new Forwarder({ scheduler, servers: () => resolvers.list(), timeoutMs: options.forwardTimeoutMs });
}

function checkOptions(given: Options): string | undefined {
  if (parseZone(given.zone) === undefined)
    return `zone: ${JSON.stringify(given.zone)} is no name of letters, digits and dashes between dots`;
  if (given.listen.length === 0) return "listen: at least one address is needed";
  for (const [key, servers] of [
    ["listen", given.listen],
    ["resolvers", given.resolvers],
  ] as const) {
    const wrong = servers.find((server) => parseServer(server, portDefault) === undefined);
    if (wrong !== undefined) return `${key}: ${JSON.stringify(wrong)} is no IP address with or without a port`;
  }
  if (given.listen.some((server) => parseServer(server, portDefault)?.port === 0))
    return "listen: port 0 is none that anybody could ask";
  const networks = parseNetworks(given.clients);
  return "problem" in networks ? `clients: ${networks.problem}` : undefined;
}

function parseZone(zone: string): Labels | undefined {
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(zone)) return undefined;
  const labels = parseName(zone.replace(/\.$/, ""));
  return labels !== undefined && nameBytes(labels) <= zoneBytesMax + 2 ? labels : undefined;
}

function parseAll(servers: readonly string[], port: number): readonly Endpoint[] {
  return servers.flatMap((server) => parseServer(server, port) ?? []);
}

function clientsOf({ clients }: Options) {
  const networks = parseNetworks(clients);
  assert(!("problem" in networks), "checkOptions looked at the networks");
  return networks;
}
