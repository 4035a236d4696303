import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { BlockList, isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { SerfError } from "../base/errors.ts";

export type IpFamily = "ipv4" | "ipv6";

/** Who sent a packet on the link. */
export interface LinkSender {
  readonly address: string;
  readonly port: number;
  readonly isThisMachine: boolean;
}

export interface MulticastLinkOptions {
  readonly family: IpFamily;
  /** The group's address. */
  readonly group: string;
  /** Shared with others on this machine. */
  readonly port: number;
  /** The one interface to use; empty for all that lead to others, or loopback where none does. */
  readonly interfaceName: string;
}

interface Link {
  readonly name: string;
  /** What Node calls the interface where multicast is concerned. */
  readonly handle: string;
  readonly neighbours: BlockList;
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Packets of the group never leave the link, so that any time to live will do; RFC 6762 wants this one. */
const hopsMax = 255;
const linksMax = 32;

/**
 * A multicast group on the links of this machine. Questions go out from a port of our own, so that answers come back here and not
 * to whoever else on this machine listens at the group's port.
 */
export class MulticastLink {
  private readonly options: MulticastLinkOptions;
  private readonly listener: Socket;
  private readonly asker: Socket;
  private links: readonly Link[] = [];
  private receive: (packet: Uint8Array, from: LinkSender) => void = () => undefined;
  private ownAddresses: ReadonlySet<string> = new Set();

  private constructor(options: MulticastLinkOptions, listener: Socket, asker: Socket) {
    this.options = options;
    this.listener = listener;
    this.asker = asker;
    for (const socket of [listener, asker]) {
      socket.setMulticastTTL(hopsMax);
      socket.setMulticastLoopback(true);
      socket.on("message", (packet, from) => this.handlePacket(packet, from));
      // What the network says of packets sent; whoever is gone will not be asked again.
      socket.on("error", () => undefined);
    }
  }

  /** Rejects with LISTEN_FAILED where the group's port cannot be shared, or this machine lacks that family. */
  static async open(options: MulticastLinkOptions): Promise<MulticastLink> {
    const listener = await bind(options.family, options.port);
    const asker = await bind(options.family, 0).catch((error: unknown) => {
      listener.close();
      throw error;
    });
    return new MulticastLink(options, listener, asker);
  }

  /** Hands over what members of the group send, and the answers to what was asked here. Senders beyond the link are not heard. */
  listen(receive: (packet: Uint8Array, from: LinkSender) => void): void {
    this.receive = receive;
  }

  /** Multicasts on every link. Interfaces come and go, so they are looked up anew. Throws if there is none to send by. */
  ask(packet: Uint8Array): void {
    this.refresh();
    if (this.links.length === 0) {
      const { interfaceName, family } = this.options;
      const address = `${family === "ipv4" ? "IPv4" : "IPv6"} address`;
      throw new Error(
        interfaceName === ""
          ? `no network interface has an ${address}`
          : `network interface ${interfaceName} has no ${address}`,
      );
    }
    for (const link of this.links) this.multicast(this.asker, link, packet);
  }

  /** Answers who asked: from the group's port by multicast, for all to hear; from another port that port alone. */
  answer(packet: Uint8Array, to: LinkSender): void {
    if (to.port !== this.options.port) {
      this.listener.send(packet, to.port, to.address, ignoreFailure);
      return;
    }
    const link = this.links.find(({ name, neighbours }) => isNeighbour(to.address, name, neighbours));
    if (link !== undefined) this.multicast(this.listener, link, packet);
  }

  close(): Promise<void> {
    const closed = [this.listener, this.asker].map(
      (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
    );
    return Promise.all(closed).then(() => undefined);
  }

  private refresh(): void {
    const interfaces = networkInterfaces();
    this.links = listLinks(interfaces, this.options.family, this.options.interfaceName);
    this.ownAddresses = new Set(
      Object.values(interfaces).flatMap((entries) => entries?.map(({ address }) => address) ?? []),
    );
    for (const { handle } of this.links) {
      try {
        this.listener.addMembership(this.options.group, handle);
      } catch {
        // It is a member there already, nearly always; otherwise there is the next refresh.
      }
    }
  }

  /** The interface is a setting of the socket: it is set, and the packet handed to the kernel, in one go. */
  private multicast(socket: Socket, { handle }: Link, packet: Uint8Array): void {
    const { group, port } = this.options;
    try {
      socket.setMulticastInterface(handle);
      socket.send(packet, port, group, ignoreFailure);
    } catch {
      // The interface has just gone.
    }
  }

  private handlePacket(packet: Buffer, from: RemoteInfo): void {
    const { port } = from;
    const [address = ""] = from.address.split("%");
    const isThisMachine = this.ownAddresses.has(address);
    if (isThisMachine && port === this.asker.address().port) return;
    if (!this.links.some(({ name, neighbours }) => isNeighbour(from.address, name, neighbours))) return;
    this.receive(packet, { address: from.address, port, isThisMachine });
  }
}

/** The links that a group can be joined on. */
export function listLinks(interfaces: Interfaces, family: IpFamily, interfaceName: string): readonly Link[] {
  const links: (Link & { readonly isInternal: boolean })[] = [];
  for (const [name, entries = []] of Object.entries(interfaces)) {
    const ours = entries.filter((entry) => entry.family.toLowerCase() === family);
    const [first] = ours;
    if (first === undefined || (interfaceName !== "" && name !== interfaceName)) continue;
    const neighbours = new BlockList();
    for (const { cidr } of ours) {
      const [base = "", prefix = ""] = cidr?.split("/") ?? [];
      if (prefix !== "") neighbours.addSubnet(base, Number(prefix), family);
    }
    const handle = family === "ipv4" ? first.address : `::%${name}`;
    links.push({ name, handle, neighbours, isInternal: first.internal });
  }
  const external = links.filter(({ isInternal }) => !isInternal);
  return (external.length > 0 ? external : links).slice(0, linksMax);
}

/** Whether an address, perhaps with its zone ("fe80::1%eth0"), is on the link of that interface. */
function isNeighbour(address: string, name: string, neighbours: BlockList): boolean {
  const [bare = "", zone] = address.split("%");
  return (zone === undefined || zone === name) && neighbours.check(bare, isIP(bare) === 6 ? "ipv6" : "ipv4");
}

function bind(family: IpFamily, port: number): Promise<Socket> {
  const isIpv6 = family === "ipv6";
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: isIpv6 ? "udp6" : "udp4",
      ipv6Only: isIpv6,
      reuseAddr: port !== 0,
      // Addresses are literals; without a turn for a look-up, what is sent goes out before the next setting.
      lookup: (literal, _options, callback) => callback(null, literal, isIP(literal)),
    });
    socket.once("error", (cause) => {
      socket.close();
      reject(new SerfError("LISTEN_FAILED", `cannot listen for UDP on port ${port}: ${cause.message}`, { cause }));
    });
    socket.bind({ address: isIpv6 ? "::" : "0.0.0.0", port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function ignoreFailure(): void {
  // Multicast promises nothing, and who asks will ask again.
}
