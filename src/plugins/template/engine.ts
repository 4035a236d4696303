/** Handlebars as configurations need it: nothing is escaped for HTML, nothing unknown is passed over, and no value leaves its line. */

import Handlebars from "handlebars";
import { messageOf } from "../../base/errors.ts";
import { oneLine } from "../shared/plain-text.ts";
import { helpers, type Named, textOf, Verbatim } from "./helpers.ts";
import { UnknownName } from "./variables.ts";

/** A template that was read. */
export interface CompiledTemplate {
  /** Throws an Error whose message has the line. */
  render(variables: Readonly<Record<string, unknown>>): string;
}

/** UTF-16 units. */
const templateLengthMax = 1024 * 1024;

const engine = createEngine();

/** Throws an Error whose message has the line. */
export function compileTemplate(text: string): CompiledTemplate {
  if (text.length > templateLengthMax)
    throw new Error(`the template is longer than ${templateLengthMax / 1024} Ki characters`);
  const tree = parse(text);
  const template = engine.compile(tree, { strict: true });
  return {
    render: (variables) => {
      try {
        return template(variables);
      } catch (error) {
        throw new Error(explainFailure(error, tree), { cause: error });
      }
    },
  };
}

function createEngine(): typeof Handlebars {
  const created = Handlebars.create();
  // What the engine calls for `{{value}}`, in every engine of this thread; `{{{value}}}` is left as it is.
  Handlebars.Utils.escapeExpression = (value: unknown) =>
    value instanceof Verbatim ? value.toHTML() : oneLine(textOf(value));
  for (const [name, helper] of Object.entries(helpers)) {
    created.registerHelper(name, (...given: unknown[]) => {
      const { hash } = given.pop() as { readonly hash: Named };
      return helper(given, hash);
    });
  }
  // They take what is not there for nothing to do, and a misspelt list for an empty one.
  for (const name of ["each", "with"]) {
    const original = created.helpers[name]!;
    created.registerHelper(name, function (this: unknown, value: unknown, options: Handlebars.HelperOptions) {
      if (value === undefined) throw new Error(`${name}: got nothing: is what it is given spelt right?`);
      return original.call(this, value, options);
    });
  }
  // It prints on the standard output.
  created.unregisterHelper("log");
  return created;
}

function parse(text: string): hbs.AST.Program {
  try {
    return engine.parse(text);
  } catch (error) {
    throw new Error(explainSyntax(messageOf(error)), { cause: error });
  }
}

/** The parser draws the place with an arrow, over several lines. */
function explainSyntax(message: string): string {
  const [, line, excerpt = "", got = ""] =
    /^Parse error on line (\d+):\n(.*)\n-*\^\n[\s\S]*got '?(\w+)'?/.exec(message) ?? [];
  if (line === undefined) return message.replace(/\s*\n\s*/g, " ");
  const what = got === "EOF" ? "the end of the template, where a block is still open" : "what does not belong there";
  return `line ${line}: found ${what}, after ${JSON.stringify(excerpt)}`;
}

function explainFailure(error: unknown, tree: hbs.AST.Program): string {
  const message = messageOf(error);
  if (error instanceof UnknownName) {
    const line = lineOf(tree, error.unknown);
    return line === undefined ? message : `line ${line}: ${message}`;
  }
  const [, name, line] = /^"(.*)" not defined in [\s\S]* - (\d+):\d+$/.exec(message) ?? [];
  if (name === undefined) return message.replace(/ - (\d+):\d+$/, " (line $1)");
  return `line ${line}: there is no variable, tag or helper "${name}"; a tag that may be absent is written {{default tags.${name} "..."}}`;
}

/** Where a template first names something: what fails while it is rendered does not know its place. */
function lineOf(node: unknown, name: string): number | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  if (isPath(node) && node.parts.includes(name)) return node.loc.start.line;
  for (const child of Object.values(node)) {
    const line = lineOf(child, name);
    if (line !== undefined) return line;
  }
  return undefined;
}

function isPath(node: object): node is hbs.AST.PathExpression {
  return "type" in node && node.type === "PathExpression";
}
