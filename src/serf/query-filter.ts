/**
 * Which members a query is for. The expressions in a query are a stranger's, and they are RE2: a JavaScript expression
 * could hang this node on thirty letters, and reads some of theirs otherwise. `re2js` is plain JavaScript, without I/O or
 * state, and takes linear time; it also bounds what a repetition may grow to. What the filters of a query cost together is bounded here.
 */

import { RE2JS } from "re2js";
import { isRejected } from "../base/rejected.ts";
import { expressionCost, expressionCostMax } from "./expression-cost.ts";
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

/** Some thousand names. */
const filterBytesMax = 64 * 1024;
/** Of an expression too long to be repeated whole. */
const describedCharacters = 80;

/** In the form in which queries carry them; none at all is nil on the wire. */
export function encodeFilters({ nodes, tags }: QueryFilter): readonly Uint8Array[] | undefined {
  const filters = Object.entries(tags).map(([tag, expression]) =>
    tagFilter.encode({ tag, expression }, filterTypes.tag),
  );
  if (nodes.length > 0) filters.unshift(nodeFilter.encode(nodes, filterTypes.nodes));
  return filters.length === 0 ? undefined : filters;
}

/** Whether a query with these filters is for the node. Filters after one that does not match are not looked at. */
export function decideAddressed(
  filters: readonly Uint8Array[],
  node: FilteredNode,
): boolean | { readonly problem: string } {
  const compiler = new FilterCompiler();
  for (const filter of filters) {
    const test = compiler.compile(filter);
    if (typeof test !== "function") return test;
    if (!test(node)) return false;
  }
  return true;
}

/** Those of the nodes that the filters are for; nobody, where a filter makes no sense. */
export function selectAddressed<T extends FilteredNode>(filters: readonly Uint8Array[], nodes: readonly T[]): T[] {
  const compiler = new FilterCompiler();
  const tests: Test[] = [];
  for (const filter of filters) {
    const test = compiler.compile(filter);
    if (typeof test !== "function") return [];
    tests.push(test);
  }
  return nodes.filter((node) => tests.every((test) => test(node)));
}

/** Compiles the filters of one query, as long as they are not too dear together. */
export class FilterCompiler {
  private spent = 0;

  /** One filter as a test, or why it cannot be one, in the reference's words. */
  compile(filter: Uint8Array): Test | { readonly problem: string } {
    if (filter.length > filterBytesMax) return { problem: `a filter of ${filter.length} bytes` };
    switch (filter[0]) {
      case filterTypes.nodes: {
        const names = nodeFilter.decode(filter, 1);
        if (isRejected(names)) return { problem: `failed to decode filterNodeType: ${names.detail}` };
        return ({ name }) => names.includes(name);
      }
      case filterTypes.tag:
        return this.compileTag(filter);
      default:
        return { problem: `query has unrecognized filter type: ${filter[0]}` };
    }
  }

  private compileTag(filter: Uint8Array): Test | { readonly problem: string } {
    const decoded = tagFilter.decode(filter, 1);
    if (isRejected(decoded)) return { problem: `failed to decode filterTagType: ${decoded.detail}` };
    const { tag, expression } = decoded;
    this.spent += expressionCost(expression);
    if (this.spent > expressionCostMax) {
      const beginning = expression.slice(0, describedCharacters);
      return { problem: `filter regexes too expensive: ${this.spent} of ${expressionCostMax}, at (${beginning})` };
    }
    try {
      const pattern = RE2JS.compile(expression);
      return ({ tags }) => pattern.test(Object.hasOwn(tags, tag) ? tags[tag]! : "");
    } catch (error) {
      return { problem: `failed to compile filter regex (${expression}): ${(error as Error).message}` };
    }
  }
}
