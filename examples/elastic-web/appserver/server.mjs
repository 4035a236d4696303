// The work itself: says who has done it.

import { createServer } from "node:http";
import { hostname } from "node:os";

createServer((_, response) => response.end(hostname())).listen(8080);
