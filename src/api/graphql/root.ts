/** Where an operation begins: the fields of `Query` or of `Mutation`. */
import type { OperationTypeNode } from 'graphql';
import type { GraphqlContext } from './context.ts';
import { settledFields } from './fields.ts';
import { mutations } from './mutation.ts';
import { queries } from './query.ts';

/** Nobody hears of a change before it is durable; `onChange` is called for each that is. */
export function rootOf(
  operation: OperationTypeNode,
  context: GraphqlContext,
  onChange: () => void,
): object {
  if (operation !== 'mutation') return queries(context);
  return settledFields(mutations(context), async () => {
    await context.services.settled();
    onChange();
  });
}
