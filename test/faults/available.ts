import { whyNoMounts } from "../support/mounts.ts";
import { whyNoNetworks } from "../support/netns.ts";
import { whyNoRelay } from "../support/packet-relay.ts";
import { requirePeer } from "../support/peers.ts";

/** Undefined if the faults can be had here, otherwise why not. */
export async function whyNoFaults(): Promise<string | undefined> {
  for (const peer of ["serf", "socat", "faketime"] as const)
    if (requirePeer(peer) === undefined) return `the faults need ${peer}`;
  return whyNoMounts() ?? (await whyNoNetworks()) ?? whyNoRelay();
}
