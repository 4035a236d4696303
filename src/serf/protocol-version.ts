/** The versions of Serf's own protocol that this node speaks: what decides whether two agents understand each other. */
export const serfProtocolVersionMin = 2;
export const serfProtocolVersionMax = 5;

/** What all of them speak outward of the protocol below. */
export const memberlistProtocolVersion = 2;
