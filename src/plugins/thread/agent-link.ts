import { SerfError } from "../../base/errors.ts";
import type { PluginLink, PluginNotice, RequestInput, RequestName, RequestOutput } from "../link.ts";
import type { TimerSource } from "../scheduler.ts";
import { errorOf, type FromThread, type ThreadRequest, type ToThread } from "./messages.ts";
import { ThrottledNotices } from "./throttled-notices.ts";

/** Requests without an answer yet; one more is refused. */
const requestsMax = 256;

interface Asked {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

/** The agent, from within a plugin's thread. */
export class AgentLink implements PluginLink {
  private readonly post: (message: FromThread) => void;
  private readonly notices: ThrottledNotices;
  private readonly asked = new Map<number, Asked>();
  private lastId = 0;

  constructor(post: (message: FromThread) => void, timers: TimerSource) {
    this.post = post;
    this.notices = new ThrottledNotices(timers, (notice) => post({ kind: "notice", notice }));
  }

  request<N extends RequestName>(name: N, input: RequestInput<N>): Promise<RequestOutput<N>> {
    if (this.asked.size >= requestsMax)
      return Promise.reject(new SerfError("PLUGIN_BUSY", `${requestsMax} requests wait for an answer already`));
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      // Throws for what cannot be cloned, a function for one.
      this.post({ kind: "request", id, name, input } as ThreadRequest);
      this.asked.set(id, { resolve: resolve as (output: unknown) => void, reject });
    });
  }

  notify(notice: PluginNotice): void {
    this.notices.notify(notice);
  }

  flush(): void {
    this.notices.flush();
  }

  receive(message: Extract<ToThread, { kind: "granted" | "refused" }>): void {
    const asked = this.asked.get(message.id);
    this.asked.delete(message.id);
    if (message.kind === "granted") asked?.resolve(message.output);
    else asked?.reject(errorOf(message.error));
  }
}
