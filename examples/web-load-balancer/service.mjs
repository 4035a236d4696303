// The web site of one node: says who it is. On SIGTERM it answers what it has been asked, and ends.

import { createServer } from "node:http";
import { hostname } from "node:os";

const server = createServer((_request, response) => response.end(`${hostname()}\n`));
server.listen(Number(process.argv[2]), () => console.log(`${hostname()} serves`));
process.once("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
