import { agreement } from "./agreement.ts";
import { announcements } from "./announcements.ts";
import { bounds } from "./bounds.ts";
import type { CheckerFactory } from "./checker.ts";
import { earlyDeaths } from "./early-deaths.ts";
import { eventOrder } from "./event-order.ts";
import { incarnations } from "./incarnations.ts";
import { lamportClocks } from "./lamport-clocks.ts";
import { ownLife } from "./own-life.ts";
import { queryAnswers } from "./query-answers.ts";
import { snapshots } from "./snapshots.ts";
import { transitions } from "./transitions.ts";
import { userEvents } from "./user-events.ts";

/** Every checker there is. */
export const allCheckers: readonly CheckerFactory[] = [
  incarnations,
  transitions,
  announcements,
  ownLife,
  earlyDeaths,
  bounds,
  lamportClocks,
  userEvents,
  eventOrder,
  queryAnswers,
  snapshots,
  agreement,
];
