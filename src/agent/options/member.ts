/** What this member is: its name, its tags, when it leaves. */

import { boolean, type OptionDeclarations, pairs, text } from "../../base/options.ts";

export const memberOptions = {
  nodeName: {
    type: text(255),
    default: "",
    doc: "Name of this node, unique in the cluster. Without one it is the host name.",
    flag: "node",
    key: "node_name",
  },
  tags: {
    type: pairs(),
    default: {},
    doc: "A tag, key=value, that every member sees; may be given several times. All tags together take at most 512 bytes, encoded.",
    flag: "tag",
    key: "tags",
    reloads: true,
  },
  tagsFile: {
    type: text(),
    default: "",
    doc: "File that keeps the tags set by `serf tags` over restarts. With it, tags cannot be given otherwise.",
    flag: "tags-file",
    suggests: "files",
    key: "tags_file",
  },
  role: {
    type: text(),
    default: "",
    doc: "The tag `role`, as it was written before there were tags. Deprecated: use -tag role=x.",
    flag: "role",
    key: "role",
    reloads: true,
  },
  validateNodeNames: {
    type: boolean(),
    default: false,
    doc: "Take only names of letters, digits, dashes and dots, of at most 128 characters: for this node, which otherwise does not start, and for others, which are otherwise not let in.",
    key: "validate_node_names",
  },
  disableNameResolution: {
    type: boolean(),
    default: false,
    doc: "Stay when another node claims this one's name. Otherwise the members are asked, and the node that the majority does not know ends.",
    key: "disable_name_resolution",
  },
  disableCoordinates: {
    type: boolean(),
    default: false,
    doc: "Do not estimate where this node stands in the network; `serf rtt` then knows nothing of it.",
    key: "disable_coordinates",
  },
  leaveOnTerminate: {
    type: boolean(),
    default: false,
    doc: "Leave the cluster gracefully on SIGTERM. Otherwise the other members find out that this one failed.",
    key: "leave_on_terminate",
    reloads: true,
  },
  skipLeaveOnInterrupt: {
    type: boolean(),
    default: false,
    doc: "Do not leave gracefully on SIGINT, as Ctrl-C sends it. Otherwise the agent does.",
    key: "skip_leave_on_interrupt",
    reloads: true,
  },
} as const satisfies OptionDeclarations;
