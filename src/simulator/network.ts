import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { assert } from "../base/errors.ts";
import type { Links } from "./links.ts";
import type { Schedule } from "./schedule.ts";

/** What UDP over IPv4 can carry. */
export const packetBytesMax = 65_507;

/** All that simulated hosts share: time, the links between them, who is bound where, and the names in its DNS. */
export class Network<Socket> {
  readonly schedule: Schedule;
  readonly links: Links;
  /** A stream delivers at most this many bytes at a time, and has no more than that under way. */
  readonly streamChunkBytesMax: number;
  readonly names = new Map<string, readonly string[]>();
  readonly services = new Map<string, readonly Endpoint[]>();
  private readonly withoutPower = new Set<string>();
  /** Machines by address; each knows who is bound to its ports. A machine stays when the processes on it are gone. */
  private readonly machines = new Map<string, Map<number, Socket>>();

  constructor(schedule: Schedule, links: Links, streamChunkBytesMax: number) {
    this.schedule = schedule;
    this.links = links;
    this.streamChunkBytesMax = streamChunkBytesMax;
  }

  bind(endpoint: Endpoint, socket: Socket): void {
    this.withoutPower.delete(endpoint.address);
    let ports = this.machines.get(endpoint.address);
    if (ports === undefined) {
      ports = new Map();
      this.machines.set(endpoint.address, ports);
    }
    assert(!ports.has(endpoint.port), `${formatEndpoint(endpoint)} is in use`);
    ports.set(endpoint.port, socket);
  }

  unbind(endpoint: Endpoint): void {
    this.machines.get(endpoint.address)?.delete(endpoint.port);
  }

  /** The machine there answers nothing any more, until a process is started on it. */
  cutPower(address: string): void {
    this.withoutPower.add(address);
  }

  /** True if a host was ever created at this address: then its machine answers even if nobody listens. */
  hasMachine(address: string): boolean {
    return this.machines.has(address) && !this.withoutPower.has(address);
  }

  socketAt(endpoint: Endpoint): Socket | undefined {
    return this.machines.get(endpoint.address)?.get(endpoint.port);
  }
}
