import { SerfError } from "../base/errors.ts";
import { type Latency, latencyProblem } from "./latency.ts";

/** What happens to traffic on its way. Shares are in [0, 1]. What is 0 draws nothing and costs nothing. */
export interface LinkConditions {
  /** One way. */
  readonly latency: Latency;
  /** The share of packets lost. Streams are not touched: see `streamLoss`. */
  readonly loss: number;
  /** The share of packets that arrive twice. */
  readonly duplication: number;
  /** The share of packets held back by up to `reorderingMs`, so that later ones overtake them. */
  readonly reordering: number;
  readonly reorderingMs: number;
  /** Longer packets travel in fragments, each of which can be lost: the packet is then lost. 0: no limit. */
  readonly mtuBytes: number;
  /** As many firewalls do: packets longer than the MTU never arrive. */
  readonly dropsFragments: boolean;
  /** What a sender's link carries; more waits its turn. 0: no limit. */
  readonly bytesPerSecond: number;
  /** Packets that find more waiting than this are lost. Streams wait. */
  readonly queueBytesMax: number;
  /** The share of a stream's segments that have to be sent again, each time after twice as long. */
  readonly streamLoss: number;
  /** The share of streams that break at a random byte: one half is reset, of the other half neither side is told. */
  readonly streamBreaks: number;
  /** The share of a stream's segments that are held up by up to `streamStallMs`. */
  readonly streamStalls: number;
  readonly streamStallMs: number;
}

/** A network with nothing wrong. */
export const fairConditions: LinkConditions = {
  latency: 0.5,
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderingMs: 100,
  mtuBytes: 0,
  dropsFragments: false,
  bytesPerSecond: 0,
  queueBytesMax: 262_144,
  streamLoss: 0,
  streamBreaks: 0,
  streamStalls: 0,
  streamStallMs: 5_000,
};

const shares = ["loss", "duplication", "reordering", "streamLoss", "streamBreaks", "streamStalls"] as const;
const amounts = ["reorderingMs", "mtuBytes", "bytesPerSecond", "queueBytesMax", "streamStallMs"] as const;

/** Throws INVALID_OPTION. */
export function checkConditions(conditions: Partial<LinkConditions>): void {
  for (const name of shares) {
    const share = conditions[name];
    if (share !== undefined && !(share >= 0 && share <= 1)) fail(name, `must be from 0 to 1, is ${share}`);
  }
  for (const name of amounts) {
    const amount = conditions[name];
    if (amount !== undefined && !(Number.isFinite(amount) && amount >= 0))
      fail(name, `must be 0 or more, is ${amount}`);
  }
  const { latency, mtuBytes } = conditions;
  const problem = latency === undefined ? undefined : latencyProblem(latency);
  if (problem !== undefined) fail("latency", problem);
  if (mtuBytes !== undefined && mtuBytes > 0 && mtuBytes < 576)
    fail("mtuBytes", `must be 0 or at least 576, is ${mtuBytes}`);
}

function fail(name: string, problem: string): never {
  throw new SerfError("INVALID_OPTION", `condition "${name}" ${problem}`);
}
