/** One attempt to post, over real HTTP. */

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the other side said. */
export interface PostAnswer {
  readonly status: number;
  /** The header Retry-After, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Rejects where there is no answer; the message says why, without the URL. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

/** Redirects are not followed: what is signed for one host is not for another. */
export const postByHttp: Post = async ({ url, headers, body, timeoutMs, signal }) => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit });
    // What it says beyond its status is of no use, and may have no end.
    await answer.body?.cancel().catch(() => undefined);
    const retryAfterMs = readRetryAfter(answer.headers.get("retry-after"));
    return { status: answer.status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  } catch (error) {
    throw new Error(limit.aborted ? `no answer in ${timeoutMs} ms` : reasonOf(error), { cause: error });
  }
};

/** Seconds; the other form, a date, is rare and would need clocks that agree. */
function readRetryAfter(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

/** `fetch` says "fetch failed" and has the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, message } = (cause ?? {}) as { readonly code?: string; readonly message?: string };
  return code ?? message ?? String(cause);
}
