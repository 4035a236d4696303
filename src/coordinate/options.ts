/**
 * What tunes the estimate; the defaults are the reference's, and members should agree on `dimensions`, or they refuse each
 * other's coordinates. The sources the documentation names:
 *
 * [Vivaldi] Dabek, Cox, Kaashoek, Morris: Vivaldi, a decentralized network coordinate system. SIGCOMM 2004.
 * [Wild] Ledlie, Gardner, Seltzer: Network coordinates in the wild. NSDI 2007.
 * [Euclid] Lee, Zhang, Sahu, Saha: On suitability of Euclidean embedding for host-based network coordinate systems. ToN 2010.
 */
export interface VivaldiOptions {
  /** Of the space the nodes are placed in, beside the height; at least 1. More describe a network better up to a point [Wild]. */
  readonly dimensions: number;
  /** What a node that has observed nothing thinks of its own error, and the most it ever admits. A ratio: 1 is 100 %. */
  readonly errorMax: number;
  /** How much one observation changes the error at most, from 0 to 1; c_e in [Vivaldi]. */
  readonly errorStep: number;
  /** How much of the way one observation moves the node at most, from 0 to 1; c_c in [Vivaldi]. */
  readonly coordinateStep: number;
  /** Over how many observations the adjustment is the mean [Euclid]. 0 turns it off. */
  readonly adjustmentWindow: number;
  /** The least height; more than 0, because a height of 0 could never grow again. */
  readonly heightMinSeconds: number;
  /** Of how many round trips to one node the median is believed, to ride out spikes [Wild]. */
  readonly latencyWindow: number;
  /** At this distance the pull to the origin is one second an observation; it grows with the square of the distance [Wild]. */
  readonly gravityRhoSeconds: number;
}

export const vivaldiDefaults: VivaldiOptions = {
  dimensions: 8,
  errorMax: 1.5,
  errorStep: 0.25,
  coordinateStep: 0.25,
  adjustmentWindow: 20,
  heightMinSeconds: 10e-6,
  latencyWindow: 3,
  gravityRhoSeconds: 150,
};
