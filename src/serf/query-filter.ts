/**
 * Which members a query is for. The expressions in a query are a stranger's, and they are RE2: a JavaScript expression
 * could hang this node on thirty letters, and reads some of theirs otherwise. `re2js` is plain JavaScript, without I/O or
 * state, and takes linear time; it also bounds what a repetition may grow to.
 */

import { RE2JS } from "re2js";
import { isRejected } from "../base/rejected.ts";
import type { Tags } from "./member.ts";
import { filterTypes, nodeFilter, tagFilter } from "./query-messages.ts";

/** What a query asks of those who are to answer it. All of it must hold. */
export interface QueryFilter {
  /** Only members of these names; none means any. */
  readonly nodes: readonly string[];
  /** Regular expressions (RE2, matching anywhere) by tag. A tag that a member does not have is matched as "". */
  readonly tags: Readonly<Record<string, string>>;
}

/** A member, as far as filters look at it. */
export interface FilteredNode {
  readonly name: string;
  readonly tags: Tags;
}

type Test = (node: FilteredNode) => boolean;

/** In the form in which queries carry them; none at all is nil on the wire. */
export function encodeFilters({ nodes, tags }: QueryFilter): readonly Uint8Array[] | undefined {
  const filters = Object.entries(tags).map(([tag, expression]) =>
    tagFilter.encode({ tag, expression }, filterTypes.tag),
  );
  if (nodes.length > 0) filters.unshift(nodeFilter.encode(nodes, filterTypes.nodes));
  return filters.length === 0 ? undefined : filters;
}

/** One filter as a test, or why it cannot be one, in the reference's words. */
export function compileFilter(filter: Uint8Array): Test | { readonly problem: string } {
  switch (filter[0]) {
    case filterTypes.nodes: {
      const names = nodeFilter.decode(filter, 1);
      if (isRejected(names)) return { problem: `failed to decode filterNodeType: ${names.detail}` };
      return ({ name }) => names.includes(name);
    }
    case filterTypes.tag: {
      const decoded = tagFilter.decode(filter, 1);
      if (isRejected(decoded)) return { problem: `failed to decode filterTagType: ${decoded.detail}` };
      const { tag, expression } = decoded;
      try {
        const pattern = RE2JS.compile(expression);
        return ({ tags }) => pattern.test(Object.hasOwn(tags, tag) ? tags[tag]! : "");
      } catch (error) {
        return { problem: `failed to compile filter regex (${expression}): ${(error as Error).message}` };
      }
    }
    default:
      return { problem: `query has unrecognized filter type: ${filter[0]}` };
  }
}

/** Whether a query with these filters is for the node. Filters after one that does not match are not looked at. */
export function decideAddressed(
  filters: readonly Uint8Array[],
  node: FilteredNode,
): boolean | { readonly problem: string } {
  for (const filter of filters) {
    const test = compileFilter(filter);
    if (typeof test !== "function") return test;
    if (!test(node)) return false;
  }
  return true;
}

/** Those of the nodes that the filters are for; nobody, where a filter makes no sense. */
export function selectAddressed<T extends FilteredNode>(filters: readonly Uint8Array[], nodes: readonly T[]): T[] {
  const tests: Test[] = [];
  for (const filter of filters) {
    const test = compileFilter(filter);
    if (typeof test !== "function") return [];
    tests.push(test);
  }
  return nodes.filter((node) => tests.every((test) => test(node)));
}
