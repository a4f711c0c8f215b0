/** How the path to a value in a document is written for people: `functions.order-review.triggers[0].cron`. */
import type { ValuePath } from './evaluator.ts';

export function pathText(path: ValuePath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
