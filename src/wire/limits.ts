/** Bounds on what a peer may make this node hold. Those the reference has are equal to its own (memberlist 0.6). */

/** All that one packet may inflate to, nested compression included. The reference has no limit of its own for packets. */
export const packetInflatedBytesMax = 64 * 1024;

/** How deep compound and compressed parts of one packet may nest. The reference sends two levels: compressed, then compound. */
export const packetNestingMax = 4;

/** One encrypted stream message, or a compressed one before it is inflated. */
export const streamSealedBytesMax = 20 * 1024 * 1024;

/** One stream message once opened: inflated, or as it comes in when it is plain. */
export const streamOpenedBytesMax = 40 * 1024 * 1024;

export const exchangedNodesMax = 1024 * 1024;
export const userStateBytesMax = 20 * 1024 * 1024;
export const userMessageBytesMax = 20 * 1024 * 1024;

/** One node in a state exchange, or a header. Far above what names and meta can fill (about 1 KiB). */
export const streamRecordBytesMax = 64 * 1024;

/** A label is counted by one byte. */
export const labelBytesMax = 255;

/** A compound counts its parts by one byte and each part's length by two. */
export const compoundPartsMax = 255;
export const compoundPartBytesMax = 65_535;
