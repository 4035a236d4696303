/** As much as an expression of a query may cost: some ten milliseconds of compiling, and as much again of matching a long tag. */
export const expressionCostMax = 40_000;

/** Classes such as \pL are hundreds of ranges, merged with what stands beside them: as dear as so many instructions. */
const unicodeClassCost = 300;
/** RE2 itself refuses nested repetitions of more. */
const nestedRepeatsMax = 1_000;

const unicodeClass = /\\p/gi;
const repeat = /(\)?)\{(\d+)(?:,(\d*))?\}/g;

/**
 * The instructions, at most, that RE2 makes of an expression, and the trouble that it takes in reading it. A few hundred letters can be hundreds of
 * thousands of instructions: linear time, but of a large program. It is found without parsing, and so never too low: each letter is taken for
 * an instruction, and the repetitions of groups for nested in each other, wherever they stand.
 */
export function expressionCost(expression: string): number {
  let instructions = expression.length;
  let nested = 1;
  for (const [, afterGroup, least = "", most = ""] of expression.matchAll(repeat)) {
    const count = Math.max(Number(least), Number(most), 1);
    if (afterGroup === "") instructions += count;
    else nested = Math.min(nestedRepeatsMax, nested * count);
  }
  const unicodeClasses = expression.match(unicodeClass)?.length ?? 0;
  return instructions * nested + unicodeClasses * unicodeClassCost;
}
