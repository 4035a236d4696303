import { SerfError } from "../base/errors.ts";
import type { AliveDelegate, MergeDelegate } from "../memberlist/delegates.ts";

const nameBytesMax = 128;

/** What is wrong with a node's name, if anything: for clusters that ask for names fit for DNS. */
function nodeNameProblem(name: string): string | undefined {
  if (/[^A-Za-z0-9\-.]/.test(name))
    return `Node name contains invalid characters ${name} , Valid characters include all alpha-numerics and dashes and '.' `;
  if (name.length > nameBytesMax || name.length === 0)
    return `Node name is ${name.length} characters. Valid length is between 1 and 128 characters`;
  return undefined;
}

/** Throws INVALID_OPTION for a name of one's own that is missing, or does not fit where names are checked. */
export function checkNodeName({
  nodeName,
  validateNodeNames,
}: {
  readonly nodeName: string;
  readonly validateNodeNames: boolean;
}): void {
  if (nodeName === "") throw new SerfError("INVALID_OPTION", 'option "nodeName" must be given');
  const problem = validateNodeNames ? nodeNameProblem(nodeName) : undefined;
  if (problem !== undefined) throw new SerfError("INVALID_OPTION", problem);
}

/** Keep those out whose names do not fit. */
export const nodeNameDelegates: { readonly merge: MergeDelegate; readonly alive: AliveDelegate } = {
  merge: {
    refuseMerge: (peers) => peers.map(({ name }) => nodeNameProblem(name)).find((problem) => problem !== undefined),
  },
  alive: { refuseAlive: (peer) => nodeNameProblem(peer.name) },
};
