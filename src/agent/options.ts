/**
 * What an operator can set on an agent: on the command line, in configuration files and in the environment. Adding an option is
 * adding one declaration to one of these themes; flags, files, `--help`, docs/CONFIG.md and the typed configuration follow.
 */

import type { OptionDeclarations, ResolvedOptions } from "../base/options.ts";
import { eventOptions } from "./options/events.ts";
import { joiningOptions } from "./options/joining.ts";
import { memberOptions } from "./options/member.ts";
import { networkOptions } from "./options/network.ts";
import { operationOptions } from "./options/operation.ts";

/** The declarations in groups, for the reference page. */
export const agentOptionThemes: readonly { readonly title: string; readonly options: OptionDeclarations }[] = [
  { title: "The member itself", options: memberOptions },
  { title: "Network and encryption", options: networkOptions },
  { title: "Joining, and members that are gone", options: joiningOptions },
  { title: "Events and queries", options: eventOptions },
  { title: "Files, RPC, log and measurements", options: operationOptions },
];

export const agentOptions = {
  ...memberOptions,
  ...networkOptions,
  ...joiningOptions,
  ...eventOptions,
  ...operationOptions,
} as const;

/** The options of `agentOptions`, complete and checked. Times in milliseconds. */
export type AgentOptions = ResolvedOptions<typeof agentOptions>;
