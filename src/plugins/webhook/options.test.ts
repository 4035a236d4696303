import { describe, expect, test } from "vitest";
import { createPluginBench } from "../bench.ts";
import { readEndpoint } from "../shared/endpoint.ts";
import { plugin } from "./index.ts";

const url = "https://hooks.example/x";

describe("options of webhook", () => {
  test.each([
    [{}, "one of urls and listen is needed"],
    [{ urls: [{ url: "ftp://x" }] }, "urls, entry 1: url must be given, and begin with http"],
    [{ urls: [{ url: "https://me:pw@x" }] }, "use headers for Authorization"],
    [{ urls: [{ url, events: ["member-gone"] }] }, 'there is no kind "member-gone"'],
    [{ urls: [{ url, events: ["member-join:x"] }] }, "there is no kind"],
    [{ urls: [{ url, tags: { role: "(" } }] }, "entry 1: tags: "],
    [{ urls: [{ url, headers: { "a b": "c" } }] }, "headers has a name or value"],
    [{ urls: [{ url, retry_min: "2m" }] }, "retry_min must not be longer than retry_max"],
    [{ listen: "7380" }, "listen needs a token of at least 16 characters"],
    [{ listen: "7380", token: "short" }, "listen needs a token of at least 16 characters"],
    [{ listen: "example.com:80", token: "x".repeat(16) }, "must be a port, or address:port"],
    [{ urls: [{ url }], ask: [{}] }, "ask: every entry needs the name of a query"],
  ])("%j are refused", (fileOptions, problem) => {
    expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
  });

  test.each([
    ["7380", { host: "127.0.0.1", port: 7380 }],
    [":7380", { host: "127.0.0.1", port: 7380 }],
    ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
    ["[::1]:80", { host: "::1", port: 80 }],
  ])("listen %s is understood", (text, endpoint) => {
    expect(readEndpoint(text)).toEqual(endpoint);
  });
});
