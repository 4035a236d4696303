import { expect, test } from "vitest";
import { createPluginBench } from "../bench.ts";
import { plugin } from "./index.ts";

test.each([
  [{}, "the pool needs bind"],
  [
    { bind: ["*:80"], pools: [{ name: "web", bind: ["*:81"] }] },
    "with pools, bind, tag and name stand in each of them",
  ],
  [{ pools: [{ bind: ["*:81"] }] }, "each of the pools needs a name"],
  [
    {
      pools: [
        { name: "a", bind: ["*:81"] },
        { name: "a", bind: ["*:82"] },
      ],
    },
    "two pools are named a",
  ],
  [{ pools: [{ name: "a" }] }, "a needs bind"],
  [{ bind: ["*:80"], socket: "/run/x.sock" }, "are for run=service"],
  [{ bind: ["*:80"], run: "service" }, "run=service needs config"],
  [{ bind: ["*:80"], run: "service", config: "/x.cfg" }, "needs one of reload, pid_file and master_socket"],
  [{ bind: ["*:80\nbackend evil"] }, "lines without control characters"],
  [{ bind: ["*:80"], template: "own.hbs" }, "files need absolute paths"],
  [{ bind: ["*:80"], name: "a b" }, "letters, digits"],
  [{ bind: ["*:80"], check_path: "/x\n" }, "must be one line"],
])("refuses %j", (fileOptions, problem) => {
  expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
});

test("backends alone are enough where other files have the rest", () => {
  expect(() => createPluginBench(plugin, { fileOptions: { base_config: ["/etc/haproxy/haproxy.cfg"] } })).not.toThrow();
});
