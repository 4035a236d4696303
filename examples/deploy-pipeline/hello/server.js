// The application that the example deploys: it says which version it is.
const { createServer } = require("node:http");
const { version } = require("./package.json");

createServer((request, response) => response.end(`Hello from version ${version}, asked for ${request.url}\n`)).listen(
  process.env.PORT,
  "127.0.0.1",
);
