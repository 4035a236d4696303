import type { QueryListener } from "../serf/open-query.ts";
import { RecordQueue, type RecordSink } from "./streams.ts";

/** Answers come in a burst, and unlike events and log lines each is asked for: more of them wait for a slow client. */
const waitingMax = 65_536;

/**
 * How long "done" is held back after a query that ended early. Go's client closes its channels at that record, and `serf query` then picks
 * at random between answers that it has not printed yet and the end: with the answers hard on its heels, some would be lost.
 */
const doneLagMs = 100;

/** Puts what comes of a query, and at last the record "done", on its way to a client. */
export interface QueryStream {
  /** To be handed to the query. */
  readonly listener: QueryListener;
  /** Sends what waits, as far as the client takes it. */
  flush(): void;
  /** Forgets the record "done", if it is still to come: the client is gone, or wants no more. */
  stop(): void;
}

/** `dropped` is called for each answer that is lost, `ended` once, when no record is left to send. */
export function createQueryStream(sink: RecordSink, dropped: () => void, ended: () => void): QueryStream {
  const queue = new RecordQueue(sink, queryRecord, waitingMax);
  const offer = (record: QueryRecord): void => {
    if (!queue.offer(record)) dropped();
  };
  let isOver = false;
  const considerEnd = (): void => {
    if (isOver && queue.isEmpty) ended();
  };
  const finish = (): void => {
    isOver = true;
    considerEnd();
  };
  const sendDone = (): void => {
    queue.offerLast({ type: "done", from: "", payload: undefined });
    finish();
  };
  let lag: NodeJS.Timeout | undefined;
  const listener: QueryListener = {
    acked: (from) => offer({ type: "ack", from, payload: undefined }),
    responded: (from, payload) => offer({ type: "response", from, payload }),
    ended: (reason) => {
      if (reason === "complete") lag = setTimeout(sendDone, doneLagMs);
      else if (reason === "timeout") sendDone();
      // Whoever stopped it is not waiting any more.
      else finish();
    },
  };
  const flush = (): void => {
    queue.flush();
    considerEnd();
  };
  return { listener, flush, stop: () => clearTimeout(lag) };
}

interface QueryRecord {
  readonly type: "ack" | "response" | "done";
  readonly from: string;
  readonly payload: Uint8Array | undefined;
}

function queryRecord({ type, from, payload }: QueryRecord) {
  return { From: from, Payload: payload === undefined || payload.length === 0 ? null : payload, Type: type };
}
