import { describe, expect, test } from "vitest";
import { createPluginBench } from "../bench.ts";
import type { PluginMember } from "../plugin.ts";
import { plugin } from "./index.ts";
import { type NagiosRules, nagiosFile } from "./nagios.ts";
import { type PrometheusRules, prometheusFile } from "./prometheus.ts";

const hostile = "web\n}\ndefine command {\n command_name x; $USER1$ \r\u2028\0";
const prometheus: PrometheusRules = { port: 9100, portTag: "metrics", groupTag: "role", labelTags: ["role"] };
const nagios: NagiosRules = {
  groupTag: "role",
  groupPrefix: "serf-",
  labelTags: ["role"],
  hostUse: "generic-host",
  services: [{ description: "HTTP", checkCommand: "check_http", tag: "role=web", use: "generic-service" }],
};

function member(name: string, tags: Record<string, string> = {}, rest: Partial<PluginMember> = {}): PluginMember {
  return { name, address: "10.0.0.1", port: 7946, status: "alive", tags, ...rest };
}

const members = [
  member("self"),
  member("web-2", { role: "web", metrics: "9113, 9200" }, { address: "fd00::2", status: "failed" }),
  member("web-1", { role: "web", "my-tag": 'a"b\n' }),
  member("db-1", { role: "db", metrics: "9187" }),
];

describe("targets for Prometheus", () => {
  test("have ports from the option or the tag, and labels from tags, sorted by role", () => {
    const { content, refused } = prometheusFile(members, prometheus);
    expect(refused).toEqual([]);
    expect(JSON.parse(content)).toEqual([
      { targets: ["10.0.0.1:9100"], labels: { __meta_serf_node: "self", __meta_serf_status: "alive", node: "self" } },
      {
        targets: ["10.0.0.1:9187"],
        labels: {
          __meta_serf_node: "db-1",
          __meta_serf_status: "alive",
          __meta_serf_tag_role: "db",
          __meta_serf_tag_metrics: "9187",
          node: "db-1",
          role: "db",
        },
      },
      {
        targets: ["[fd00::2]:9113", "[fd00::2]:9200"],
        labels: {
          __meta_serf_node: "web-2",
          __meta_serf_status: "failed",
          __meta_serf_tag_role: "web",
          __meta_serf_tag_metrics: "9113, 9200",
          node: "web-2",
          role: "web",
        },
      },
      {
        targets: ["10.0.0.1:9100"],
        labels: {
          __meta_serf_node: "web-1",
          __meta_serf_status: "alive",
          __meta_serf_tag_role: "web",
          __meta_serf_tag_my_tag: 'a"b\n',
          node: "web-1",
          role: "web",
        },
      },
    ]);
  });

  test.each(["", "x", "0", "65536", "80;81", "80/metrics", "-1", "1,", "9".repeat(99)])(
    "are left out where the tag holds no port but %j",
    (metrics) => {
      const { content, refused } = prometheusFile([member("a", { metrics }), member("b")], prometheus);
      expect(JSON.parse(content)).toMatchObject([{ labels: { node: "b" } }]);
      expect(refused).toEqual(['"a": tag metrics holds no port']);
    },
  );

  test("take no label from a tag that the operator did not list, and none over ours", () => {
    const tags = { __address__: "6.6.6.6:1", job: "x", node: "other", instance: "y", "1": "z" };
    const [entry] = JSON.parse(
      prometheusFile([member("a", tags)], { ...prometheus, labelTags: ["node", "1"] }).content,
    );
    expect(entry).toEqual({
      targets: ["10.0.0.1:9100"],
      labels: {
        __meta_serf_tag___address__: "6.6.6.6:1",
        __meta_serf_tag_job: "x",
        __meta_serf_tag_node: "other",
        __meta_serf_tag_instance: "y",
        __meta_serf_tag__1: "z",
        __meta_serf_node: "a",
        __meta_serf_status: "alive",
        node: "a",
        _1: "z",
      },
    });
  });
});

describe("hosts for Nagios", () => {
  test("are in groups by role, and have the services of their tags", () => {
    const { content } = nagiosFile(members.slice(1, 3), nagios);
    expect(content.slice(content.indexOf("\n") + 1)).toBe(`
define hostgroup {
  hostgroup_name serf-web
}

define host {
  use generic-host
  host_name web-2
  address fd00::2
  hostgroups serf-web
  _SERF_ROLE web
}

define host {
  use generic-host
  host_name web-1
  address 10.0.0.1
  hostgroups serf-web
  _SERF_ROLE web
}

define service {
  use generic-service
  host_name web-2
  service_description HTTP
  check_command check_http
}

define service {
  use generic-service
  host_name web-1
  service_description HTTP
  check_command check_http
}
`);
  });

  test("cannot end their line or mean something to Nagios, whatever they are called", () => {
    const strangers = [
      member(hostile, { role: hostile }),
      member("null", { role: "*" }),
      member("a,b;c", { role: "!x,+y" }),
    ];
    const { content } = nagiosFile(strangers, nagios);
    const values = content.split("\n").filter((line) => line.startsWith("  "));
    expect(values).toHaveLength(3 + 3 * 5);
    for (const line of values) expect(line).toMatch(/^ {2}[a-zA-Z_]+ [A-Za-z0-9._:-]+$/);
    expect(content.match(/^define .*$/gm)).toEqual([
      ...Array(3).fill("define hostgroup {"),
      ...Array(3).fill("define host {"),
    ]);
    expect(content).toContain("host_name null_\n");
  });

  test("whose names become the same are one, and the other is told of", () => {
    const { content, refused } = nagiosFile([member("a b"), member("a_b")], nagios);
    expect(content.match(/host_name/g)).toHaveLength(1);
    expect(refused).toEqual(['"a_b": another host is called a_b here']);
  });
});

test.each([
  [{}, "set prometheus_file, nagios_file or both"],
  [{ prometheus_file: "a.json" }, "must be an absolute path"],
  [{ prometheus_file: "/a.yml" }, "must end in .json"],
  [{ prometheus_file: "/a.json", nagios_file: "/a.json" }, "are the same file"],
  [{ nagios_file: "/a", label_tags: ["__address__"] }, "are those of Prometheus"],
  [{ nagios_file: "/a", nagios_services: [{ description: "HTTP" }] }, "needs description and check_command"],
  [{ nagios_file: "/a", nagios_services: [{ description: "a;b", check_command: "x" }] }, "does not allow"],
  [{ nagios_file: "/a", nagios_services: [{ description: "a", check_command: "x\n}" }] }, "has a control character"],
  [{ nagios_file: "/a", nagios_use: "a b" }, "is no name of a template"],
])("options %j are refused", (fileOptions, message) => {
  expect(() => createPluginBench(plugin, { fileOptions })).toThrow(message);
});
