/** What `serf agent` says to each mistake in its flags and files. None of these agents is to run. */

import { byOurAgent, type CommandStep, type Deviation, run, type Stage, type Step } from "../step.ts";

const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const base = "agent -node=a -bind={bind} -rpc-addr={rpc}";

type More = { readonly deviation?: Deviation };

const flags = (line: string, more: More = {}): CommandStep => ({
  ...run(`${base} ${line}`),
  name: `agent ${line.slice(0, 60)}`,
  ...more,
});

/** Writes a file and names it on the command line, as FILE. */
function withFile(title: string, content: string, line: string, more: More = {}): readonly Step[] {
  const file = `${title.replaceAll(/\W+/g, "-")}.json`;
  return [
    { do: "write", name: `${title}: written`, file, content },
    { ...run(`${base} ${line.replaceAll("FILE", `{folder}/${file}`)}`), name: title, ...more },
  ];
}

const config = (title: string, content: string, more: More = {}): readonly Step[] =>
  withFile(`a configuration ${title}`, content, "-config-file=FILE", more);

const toldWhatIsRight = byOurAgent("A wrong value is told with what would be right");
const toldShorter = byOurAgent("Why a port cannot be had is told in fewer words");
const toldWithPlace = byOurAgent("Mistakes in a configuration file are told with their place");

export const agentMistakes: Stage = {
  title: "mistakes of agents",
  shows: "agent",
  steps: [
    { do: "start", name: "another agent runs", agent: "peer" },
    run("agent -h"),
    flags("-bogus"),
    flags("-tag=nothing", toldWhatIsRight),
    flags("-tag"),
    flags("-profile=moon", toldWhatIsRight),
    flags("-protocol=1", toldWhatIsRight),
    flags("-protocol=9", toldWhatIsRight),
    flags("-protocol=x", toldWhatIsRight),
    flags("-log-level=loud", toldWhatIsRight),
    flags("-encrypt=no", toldWhatIsRight),
    flags("-encrypt=c2hvcnQ=", toldWhatIsRight),
    flags("-event-handler=bogus=true"),
    flags("-retry-interval=soon", toldWhatIsRight),
    flags("-retry-max=many", toldWhatIsRight),
    flags("-join={nobody}"),
    flags("-advertise=nowhere:x", toldWhatIsRight),
    flags("-iface=nosuch", toldWhatIsRight),
    flags("-snapshot=/nowhere/snapshot"),
    flags("-config-file={folder}/none.json"),
    flags("-config-dir={folder}/none"),
    flags(`-tag=large=${"x".repeat(600)}`),
    { ...run("agent -node=a -bind={peer} -rpc-addr={rpc}"), name: "agent on a port in use", ...toldShorter },
    { ...run("agent -node=a -bind={bind} -rpc-addr={peer}"), name: "agent with its RPC on a port in use" },
    { ...run("agent -node=a -bind=1.2.3.4:{bind} -rpc-addr={rpc}"), name: "agent on an address with two ports" },
    {
      ...run("agent -node=a -bind=192.0.2.1:7946 -rpc-addr={rpc}"),
      name: "agent on another host's address",
      ...toldShorter,
    },
    { ...run("agent -node=a -bind={bind} -rpc-addr=nowhere"), name: "agent with an RPC address without a port" },
    { ...run("agent -node= -bind={bind} -rpc-addr={rpc} -join={nobody}"), name: "agent without a name" },

    ...withFile("a missing keyring", "", "-keyring-file=FILE-not"),
    ...withFile("an empty keyring", "[]", "-keyring-file=FILE"),
    ...withFile("a keyring with a key of wrong length", '["aaaa"]', "-keyring-file=FILE"),
    ...withFile("a keyring that is no list of texts", "[1]", "-keyring-file=FILE"),
    ...withFile("half a keyring", "[", "-keyring-file=FILE"),
    ...withFile("a keyring and a key", "[]", `-keyring-file=FILE -encrypt=${key}`),
    ...withFile("a tags file and tags", "{}", "-tags-file=FILE -tag=a=b"),
    ...withFile("a tags file that holds numbers", '{"a":1}', "-tags-file=FILE"),
    ...withFile("a tags file that holds a list", "[]", "-tags-file=FILE"),

    ...config("that is not JSON", '{"node_name": "a",\n}', toldWithPlace),
    ...config("that is empty", "", toldWithPlace),
    ...config("that holds a list", "[1]", toldWithPlace),
    ...config("with an unknown key", '{"nodename": "a"}', toldWithPlace),
    ...config("with a number for a text", '{"bind": 5}', toldWithPlace),
    ...config("with a text for a number", '{"protocol": "five"}', toldWithPlace),
    ...config("with a duration that is none", '{"retry_interval": "soon"}', toldWithPlace),
    ...config("with a wrong reconnect interval", '{"reconnect_interval": "x"}', toldWithPlace),
    ...config("with a key of wrong length", '{"encrypt_key": "c2hvcnQ="}', toldWithPlace),
    ...config("with a wrong handler", '{"event_handlers": ["bogus=true"]}'),
  ],
};
