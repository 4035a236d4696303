/** How members reach each other: addresses, timing, encryption. */

import { base64Decode } from "../../base/bytes.ts";
import {
  boolean,
  choice,
  durationMs,
  integer,
  type OptionDeclarations,
  type OptionType,
  text,
} from "../../base/options.ts";
import { memberlistOptions } from "../../memberlist/options.ts";
import { serfProtocolVersionMax, serfProtocolVersionMin } from "../../serf/protocol-version.ts";
import { isKeyLength } from "../../wire/cipher.ts";
import { labelBytesMax } from "../../wire/limits.ts";

const dayMs = 24 * 60 * 60 * 1000;

export const networkOptions = {
  bind: {
    type: text(),
    default: "0.0.0.0",
    doc: "Address to listen at for other members, UDP and TCP: host, host:port, [IPv6]:port or :port. Without a port it is 7946; port 0 takes one that is free. `[::]` listens to IPv6 and IPv4.",
    flag: "bind",
    key: "bind",
  },
  interface: {
    type: text(),
    default: "",
    doc: "Network interface to listen at, in place of an address: its first address that is not link-local. Together with -bind, that address must be one of the interface's. It also is the interface of -discover, unless -mdns-iface names one.",
    flag: "iface",
    key: "interface",
  },
  advertise: {
    type: text(),
    default: "",
    doc: "Address to tell the other members, where it differs from the one bound: behind NAT, the outer address and port. Without a port it is 7946; without a host, as :9000, it is chosen as when this is not given: the bound address, or where that stands for all, a private IPv4 address of this machine before others.",
    flag: "advertise",
    key: "advertise",
  },
  label: {
    type: text(labelBytesMax),
    default: "",
    doc: "Put in front of every packet and stream; members with another label, or none, are not heard. It keeps clusters apart that can reach each other, and is no secret. HashiCorp's agents cannot be given one.",
    flag: "label",
    key: "label",
  },
  encryptKey: {
    type: encryptionKey(),
    default: "",
    doc: "Key that encrypts all traffic between members: 16, 24 or 32 bytes in base64, as `serf keygen` prints it. Every member needs the same.",
    flag: "encrypt",
    key: "encrypt_key",
  },
  keyringFile: {
    type: text(),
    default: "",
    doc: "File with the encryption keys, a JSON list in base64, the one to encrypt with first; rewritten when `serf keys` changes them. With it, -encrypt cannot be given.",
    flag: "keyring-file",
    suggests: "files",
    key: "keyring_file",
  },
  profile: {
    type: choice("lan", "wan", "local"),
    default: "lan",
    doc: "Timing of probes and gossip: for a local network, across the internet, or on one machine. All members should have the same.",
    flag: "profile",
    key: "profile",
  },
  dissemination: {
    type: choice("eager", "timer"),
    default: "eager",
    doc: "When news leaves this member. eager: at once, to all by a tree and some random members. timer: at the profile's gossip interval and along with pings, as HashiCorp's agent does it. Members of both kinds understand each other.",
    flag: "dissemination",
    key: "dissemination",
    reloads: true,
  },
  flapDampingMs: {
    type: durationMs(0, dayMs),
    default: 0,
    doc: "Hold out members that fail and come back again and again: the half-life of a failure. A member that fails twice within it stays failed here for that long and up to half as long again, whatever it says. 0s takes everybody back at once, as HashiCorp's agent does.",
    flag: "flap-damping",
    key: "flap_damping",
  },
  confirmDeaths: {
    type: boolean(),
    default: false,
    doc: "Take the news that a member failed for a suspicion, which it can refute, where this member had not suspected it: so that no single member with a bad network declares others failed.",
    flag: "confirm-deaths",
    key: "confirm_deaths",
  },
  protocolVersion: {
    type: integer(serfProtocolVersionMin, serfProtocolVersionMax),
    default: serfProtocolVersionMax,
    doc: "Serf protocol version to speak. Lower it only while old versions are being upgraded.",
    flag: "protocol",
    key: "protocol",
  },
  compression: {
    type: boolean(),
    default: true,
    doc: "Compress messages between members. The flag turns it off.",
    flag: "disable-compression",
    flagNegates: true,
    key: "enable_compression",
  },
  compressedPacketBytesMin: {
    type: memberlistOptions.compressedPacketBytesMin.type,
    default: 256,
    doc: "Packets of fewer bytes are not compressed: pings, acks and single events hardly become smaller by it. 0 tries all, as HashiCorp's agent does.",
    key: "compression_min_size",
  },
} as const satisfies OptionDeclarations;

function encryptionKey(): OptionType<string> {
  return {
    name: "base64",
    range: "of 16, 24 or 32 bytes",
    isSecret: true,
    check: (value) => {
      const key = typeof value === "string" ? base64Decode(value) : undefined;
      if (key === undefined) return { problem: "must be base64" };
      return key.length === 0 || isKeyLength(key.length)
        ? { value: value as string }
        : { problem: `must be 16, 24 or 32 bytes in base64, is ${key.length} bytes` };
    },
    readText: (given) => ({ value: given }),
  };
}
