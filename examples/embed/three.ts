/** Three copies on fixed ports, until Ctrl-C. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startService } from "./cluster.ts";

const children: ChildProcess[] = [];
for (const [index, NAME] of ["a", "b", "c"].entries()) {
  const first = "127.0.0.1:7946";
  const settings = { NAME, HTTP: `127.0.0.1:${8081 + index}`, BIND: `127.0.0.1:${7946 + index}` };
  children.push(await startService({ ...settings, JOIN: index === 0 ? "" : first }));
}
console.log(
  "try: curl -X PUT -d hello http://127.0.0.1:8081/cache/greeting; curl http://127.0.0.1:8082/cache/greeting",
);
process.once("SIGINT", () => {
  for (const child of children) child.kill("SIGTERM");
});
await Promise.all(children.map((child) => once(child, "exit")));
