import { describe, expect, test } from "vitest";
import { readConnections, readProcesses, readServersState } from "./runtime-socket.ts";

// As HAProxy 2.6 prints them.
const state = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 web 1 a 127.0.0.1 0 0 10 20 1 8 2 0 6 0 0 0 - 18081 - 0 0 - - 0
3 web 2 v6 ::2 2 8 1 1 0 1 0 0 0 0 0 0 - 18090 - 0 0 - - 0
3 web 3 m ::3 2 1 1 1 0 1 0 0 0 0 0 0 - 18090 - 0 0 - - 0
`;

describe("readServersState", () => {
  test("reads names, addresses, weights, and who was taken out of service", () => {
    expect(readServersState(state)).toEqual([
      { backend: "web", name: "a", address: "127.0.0.1", port: 18_081, weight: 10, isHeld: false },
      { backend: "web", name: "v6", address: "::2", port: 18_090, weight: 1, isHeld: true },
      { backend: "web", name: "m", address: "::3", port: 18_090, weight: 1, isHeld: true },
    ]);
  });

  test("refuses what is no such table", () => {
    expect(() => readServersState("Permission denied\n")).toThrow("HAProxy does not show the state of servers");
  });
});

test("connections are counted by server", () => {
  const text = `# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[2]
web/a 3/1 127.0.0.1 18081 - 5000 4 9 1 0 0 -1 0 0 0
web/b 3/2 127.0.0.1 18082 - 0 0 0 0 0 0 0 0
`;
  expect(readConnections(text)).toEqual(
    new Map([
      ["a", 4],
      ["b", 0],
    ]),
  );
  expect(readConnections("Can't find backend.\n")).toEqual(new Map());
});

describe("readProcesses", () => {
  test("tells the workers of the last configuration from those that end", () => {
    const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
23447           master          2 [failed: 1]   0d00h00m02s     2.6.12-1+deb12u4
# workers
23501           worker          0               0d00h00m01s     2.6.12-1+deb12u4
# old workers
23489           worker          1               0d00h00m01s     2.6.12-1+deb12u4
# programs
`;
    expect(readProcesses(text)).toEqual({ pid: 23_447, reloads: 2, failed: 1, workers: [23_501] });
  });

  test("knows what is no answer of a master process", () => {
    expect(readProcesses("Unknown command\n")).toBeUndefined();
  });
});
