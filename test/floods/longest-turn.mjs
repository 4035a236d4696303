// Loaded into an agent by NODE_OPTIONS. Writes, for each half second, the most CPU time in milliseconds that passed between two looks at a timer
// of five: how long the event loop was busy in one go. Time in which others had the processor is none of it; work of other threads is.

import { appendFileSync } from "node:fs";

let last = process.cpuUsage();
let longest = 0;
setInterval(() => {
  const { user, system } = process.cpuUsage(last);
  longest = Math.max(longest, (user + system) / 1_000);
  last = process.cpuUsage();
}, 5).unref();
setInterval(() => {
  appendFileSync(process.env.LONGEST_TURNS, `${Date.now()} ${longest}\n`);
  longest = 0;
}, 500).unref();
