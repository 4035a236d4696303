/** The commands that run agents in their process: a bundle of their own (scripts/build.mjs), which the others need not read. */

export { agentCommand } from "./agent.ts";
export { devCommand } from "./dev.ts";
