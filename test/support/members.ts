import type { Member } from "../../src/memberlist/member.ts";
import type { SerfMember, Tags } from "../../src/serf/member.ts";
import { encodeTags } from "../../src/serf/tags.ts";

/** The version vector of a Serf 5 node. */
export const serfVersions = {
  protocolMin: 1,
  protocolMax: 5,
  protocolCurrent: 2,
  delegateMin: 2,
  delegateMax: 5,
  delegateCurrent: 5,
};

/** A member as memberlist shows it. */
export function memberlistMember(name: string, overrides: Partial<Member> & { tags?: Tags } = {}): Member {
  const { tags = {}, ...rest } = overrides;
  return {
    name,
    address: "10.0.0.1",
    port: 7946,
    meta: encodeTags(tags, 5),
    state: "alive",
    incarnation: 1,
    versions: serfVersions,
    ...rest,
  };
}

/** A member as Serf shows it. */
export function serfMember(name: string, overrides: Partial<SerfMember> = {}): SerfMember {
  return { name, address: "10.0.0.1", port: 7946, tags: {}, status: "alive", versions: serfVersions, ...overrides };
}
