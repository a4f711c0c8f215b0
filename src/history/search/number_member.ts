/** A member of a JSON document that is compared with a number, looked for in the document's text without parsing it. */
import type { Comparison } from '../../expression/syntax.ts';

export interface NumberMember {
  /** The member's name as JSON. */
  readonly key: string;
  readonly operator: Comparison;
  readonly literal: number | bigint;
}

/** The number behind a name; or, without one, what shows that it is a name at all. */
const behindName = /\s*:\s*(-?\d[\d.eE+-]*)?/y;

/** False when each member of that name, wherever it is, is a number for which the comparison does not hold. */
export function hasNumber({ key, operator, literal }: NumberMember, json: string): boolean {
  for (let at = json.indexOf(key); at !== -1; at = json.indexOf(key, at + 1)) {
    behindName.lastIndex = at + key.length;
    const found = behindName.exec(json);
    if (found === null) continue;
    const [, number] = found;
    if (number === undefined || compares(Number(number), operator, literal)) return true;
  }
  return false;
}

function compares(number: number, operator: Comparison, literal: number | bigint): boolean {
  switch (operator) {
    case '<':
      return number < literal;
    case '<=':
      return number <= literal;
    case '>':
      return number > literal;
    case '>=':
      return number >= literal;
    case '==':
      return number >= literal && number <= literal;
    case '!=':
      return number < literal || number > literal;
  }
}
