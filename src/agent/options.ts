/**
 * What an operator can set on an agent: on the command line, in configuration files and in the environment. Adding an option is
 * adding one declaration to one of these themes; flags, files, `--help`, docs/CONFIG.md and the typed configuration follow.
 */

import type { ResolvedOptions } from "../base/options.ts";
import { eventOptions } from "./options/events.ts";
import { joiningOptions } from "./options/joining.ts";
import { memberOptions } from "./options/member.ts";
import { networkOptions } from "./options/network.ts";
import { operationOptions } from "./options/operation.ts";

export const agentOptions = {
  ...memberOptions,
  ...networkOptions,
  ...joiningOptions,
  ...eventOptions,
  ...operationOptions,
} as const;

/** The options of `agentOptions`, complete and checked. Times in milliseconds. */
export type AgentOptions = ResolvedOptions<typeof agentOptions>;
