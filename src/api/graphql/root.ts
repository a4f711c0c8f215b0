/** Where an operation begins: the fields of `Query` or of `Mutation`. */
import type { OperationTypeNode } from 'graphql';
import type { GraphqlContext } from './context.ts';
import { settledFields } from './fields.ts';
import { mutations } from './mutation.ts';
import { queries } from './query.ts';

/** Nobody hears of a change before it is durable. */
export function rootOf(operation: OperationTypeNode, context: GraphqlContext): object {
  return operation === 'mutation'
    ? settledFields(mutations(context), context.services.settled)
    : queries(context);
}
