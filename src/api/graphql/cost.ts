/**
 * How many fields an answer may have, estimated before anything is read: every list counts with its length, as far as
 * it can be known. What an estimate misses, `budget.ts` counts.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  valueFromASTUntyped,
} from 'graphql';
import { z } from 'zod';
import { keptBulksMax } from '../../executor/bulk_operations.ts';
import { eventPageSize, legacyPageSize } from './event_list.ts';
import { runPageSize } from './run_list.ts';
import { streamPageSize } from './stream.ts';

/** Fields of an answer when every list is full. A page of 399 runs as the UI asks for it has 13 000. */
export const costMax = 250_000;

/** Triggers, limits, metadata, spans within a span: most are shorter. */
const lengthUsual = 3;
const runsOfEventUsual = 10;
const batchUsual = 10;
const historyUsual = 30;
const connectionsUsual = 100;

/** How much there is of what the registry holds. */
export interface Registered {
  readonly apps: number;
  readonly functions: number;
}

export interface CostInput {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** As the operation declares them, defaults included. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly registered: Registered;
}

/** The document is valid. */
export function costOf(input: CostInput): number {
  const { schema, operation } = input;
  const root = schema.getRootType(operation.operation);
  return new Estimate(input).ofSet(operation.selectionSet, root ?? null);
}

const listArguments = z
  .object({
    first: z.number().nullish().catch(undefined),
    query: z.object({ limit: z.number().optional() }).optional().catch(undefined),
  })
  .readonly();

type ListArguments = z.output<typeof listArguments>;
type Length = (given: ListArguments, input: CostInput) => number;

const functions: Length = (_, { registered }) => registered.functions;
const apps: Length = (_, { registered }) => registered.apps;
const types: Length = (_, { schema }) => Object.keys(schema.getTypeMap()).length;

/** Of what a field leads to; a page's length stands at its connection. */
const lengths: Readonly<Record<string, Length>> = {
  'Query.apps': apps,
  'Query.functions': functions,
  // Apps differ; this is what they have on average.
  'App.functions': (_, { registered }) => registered.functions / Math.max(registered.apps, 1),
  'Query.runs': ({ first }) => runPageSize(first),
  'Query.eventsV2': ({ first }) => eventPageSize(first),
  'Query.events': () => legacyPageSize,
  'Query.stream': ({ query }) => streamPageSize(query?.limit),
  'Query.workerConnections': ({ first }) => first ?? connectionsUsual,
  'Query.bulkOperations': () => keptBulksMax,
  'RunsV2Connection.edges': () => 1,
  'EventsConnection.edges': () => 1,
  'ConnectV1WorkerConnectionsConnection.edges': () => 1,
  'EventV2.runs': () => runsOfEventUsual,
  'Event.functionRuns': () => runsOfEventUsual,
  'StreamItem.runs': () => runsOfEventUsual,
  'FunctionRun.events': () => batchUsual,
  'FunctionRun.history': () => historyUsual,
  '__Schema.types': types,
  '__Type.fields': () => 10,
};

class Estimate {
  /** Costs of fragments that have been looked at: they may be spread again and again. */
  readonly #known = new Map<string, number>();

  constructor(private readonly input: CostInput) {}

  ofSet(set: SelectionSetNode | undefined, type: GraphQLNamedType | null): number {
    let sum = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) sum += this.#ofField(selection, type);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        sum += this.#ofFragment(selection.name.value);
      } else {
        const condition = selection.typeCondition;
        const inner = condition === undefined ? type : this.#typeNamed(condition.name.value);
        sum += this.ofSet(selection.selectionSet, inner);
      }
    }
    return sum;
  }

  #ofField(node: FieldNode, parent: GraphQLNamedType | null): number {
    const field = fieldOf(node.name.value, parent);
    if (field === null || node.selectionSet === undefined) return 1;
    const inner = this.ofSet(node.selectionSet, getNamedType(field.type));
    return 1 + inner * this.#lengthOf(node, field, parent);
  }

  #lengthOf(
    node: FieldNode,
    { name, type }: GraphQLField<unknown, unknown>,
    parent: GraphQLNamedType | null,
  ): number {
    const known = lengths[`${parent?.name}.${name}`];
    if (known === undefined) return isListType(getNullableType(type)) ? lengthUsual : 1;
    const given = (node.arguments ?? []).map(({ name: { value: key }, value }) => [
      key,
      valueFromASTUntyped(value, this.input.variables),
    ]);
    return Math.max(known(listArguments.parse(Object.fromEntries(given)), this.input), 1);
  }

  #ofFragment(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const fragment = this.input.fragments.get(name);
    const type = fragment === undefined ? null : this.#typeNamed(fragment.typeCondition.name.value);
    const cost = this.ofSet(fragment?.selectionSet, type);
    this.#known.set(name, cost);
    return cost;
  }

  #typeNamed(name: string): GraphQLNamedType | null {
    return this.input.schema.getType(name) ?? null;
  }
}

function fieldOf(
  name: string,
  parent: GraphQLNamedType | null,
): GraphQLField<unknown, unknown> | null {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  if (!isObjectType(parent) && !isInterfaceType(parent)) return null;
  return parent.getFields()[name] ?? null;
}
