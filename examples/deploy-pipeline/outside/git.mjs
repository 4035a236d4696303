/** A host of git repositories, as the plain files that git can clone from: `node git.mjs FOLDER`. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join, resolve, sep } from "node:path";

const folder = resolve(process.argv[2] ?? ".");

createServer(async (request, response) => {
  const path = resolve(join(folder, decodeURIComponent(new URL(request.url, "http://git").pathname)));
  const found = path.startsWith(folder + sep) ? await stat(path).catch(() => undefined) : undefined;
  if (found?.isFile()) createReadStream(path).pipe(response);
  else response.writeHead(404).end();
}).listen(80);
