import { messageOf } from "../base/errors.ts";
import { type OptionDeclarations, type ResolvedOptions, text } from "../base/options.ts";
import { connectBy, type SerfClient } from "../client/client.ts";
import { rpcAddressDefault } from "../rpc/address.ts";
import type { Terminal } from "./command.ts";
import { dialAgent } from "./dial-agent.ts";

/** What every command needs that talks to an agent. */
export const rpcOptions = {
  rpcAddress: {
    type: text(),
    default: "",
    doc: "Address of the agent's RPC server, host:port or unix:///path. Without it SERF_RPC_ADDR of the environment counts, then 127.0.0.1:7373.",
    flag: "rpc-addr",
  },
  rpcAuthKey: {
    type: { ...text(), isSecret: true },
    default: "",
    doc: "The key that the agent asks for. Without it SERF_RPC_AUTH of the environment counts.",
    flag: "rpc-auth",
  },
} as const satisfies OptionDeclarations;

/** A call that failed, in words that stand for themselves. */
class CallFailed extends Error {}

/** For a command that makes several calls: begins what one of them says with words of its own. */
export function failed(failing: string): (error: unknown) => never {
  return (error) => {
    throw new CallFailed(`${failing}: ${messageOf(error)}`, { cause: error });
  };
}

/**
 * Connects, lets `use` talk to the agent, and disconnects. Resolves to the exit code: that of `use`, or 1 after saying what
 * went wrong, begun with `failing` ("Error sending event").
 */
export async function withAgent(
  { rpcAddress, rpcAuthKey }: ResolvedOptions<typeof rpcOptions>,
  terminal: Terminal,
  failing: string,
  use: (client: SerfClient) => Promise<number>,
): Promise<number> {
  const { SERF_RPC_ADDR, SERF_RPC_AUTH } = terminal.environment;
  let client: SerfClient;
  try {
    client = await connectBy(dialAgent, {
      address: rpcAddress || SERF_RPC_ADDR || rpcAddressDefault,
      authKey: rpcAuthKey || SERF_RPC_AUTH || "",
    });
  } catch (error) {
    terminal.print(`Error connecting to Serf agent: ${messageOf(error)}`);
    return 1;
  }
  try {
    return await use(client);
  } catch (error) {
    terminal.print(error instanceof CallFailed ? error.message : `${failing}: ${messageOf(error)}`);
    return 1;
  } finally {
    client.close();
  }
}
