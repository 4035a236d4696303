/** A plugin of somebody else's: says in a tag of this node, and in `serf plugin list`, whether enough members of a role are alive. */

import { definePlugin, integer, text } from "serf-ts/plugins";

export const plugin = definePlugin({
  name: "quorum",
  description: "Tells whether enough members of a role are alive",
  options: {
    role: { type: text(255), default: "", doc: "Members whose tag `role` is this are counted; empty counts all." },
    least: { type: integer(1, 10_000), default: 2, doc: "How many must be alive." },
  },
  actions: { count: { usage: "", doc: "Says how many are alive now." } },

  async start({ logger, members, options, scheduler, setProblem, setStatus, tags }) {
    const { least, role } = options;
    const isCounted = (member) => member.status === "alive" && (role === "" || member.tags.role === role);
    const count = () => members.list().filter(isCounted).length;

    let told;
    const tell = async () => {
      const alive = count();
      setStatus(`${alive} alive`);
      setProblem(alive < least ? `${least} are needed` : undefined);
      const quorum = alive < least ? "no" : "yes";
      if (quorum === told) return;
      told = quorum;
      logger.info(`quorum: ${quorum}`);
      await tags.update({ quorum });
    };

    await tell();
    // Changes come in bursts: one look at the whole list follows each, after half a second, or five at most.
    members.onChange(scheduler.debounce(tell, { quietMs: 500, waitMaxMs: 5000 }));
    return { actions: { count: () => `${count()} of ${least}` } };
  },
});
