import type { Stage } from "../step.ts";
import { agentMistakes } from "./agent-mistakes.ts";
import { commands } from "./commands.ts";
import { encrypted } from "./encrypted.ts";
import { events } from "./events.ts";
import { files } from "./files.ts";
import { guarded } from "./guarded.ts";
import { start } from "./start.ts";
import { withoutAgent } from "./without-agent.ts";

/** The whole scenario. */
export const stages: readonly Stage[] = [
  events,
  commands,
  encrypted,
  guarded,
  files,
  start,
  agentMistakes,
  withoutAgent,
];
