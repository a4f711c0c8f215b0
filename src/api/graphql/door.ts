/** What is behind `/v0/gql`: from a request to its answer. Loaded with the first request, for it is large. */
import {
  type DocumentNode,
  execute,
  type FragmentDefinitionNode,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { AppRegistry } from '../app_registry.ts';
import { type ErrorLog, problemOf } from '../problem.ts';
import type { Services } from '../services.ts';
import { problemAnswer, refusal, resultAnswer } from './answer.ts';
import { countedFields } from './budget.ts';
import { costMax, costOf } from './cost.ts';
import { Documents } from './documents.ts';
import { tooMuch } from './limit.ts';
import { newContext } from './new_context.ts';
import { rootOf } from './root.ts';
import { graphqlSchema } from './schema.ts';
import { type GraphqlRequest, readGet, readPost } from './transport.ts';

export interface GraphqlDoor {
  /** Never rejects. What changes something waits for `services.settled`. */
  answer(request: Request): Promise<Response>;
}

export function graphqlDoor(services: Services, registry: AppRegistry, log: ErrorLog): GraphqlDoor {
  const documents = new Documents(graphqlSchema);

  async function run(asked: GraphqlRequest, request: Request): Promise<Response> {
    const query = documents.queryOf(asked);
    if (!query.ok) return refusal(query.status, [query.error]);
    const read = documents.read(query.text);
    if (!read.ok) return refusal(422, read.errors);
    const { document } = read;
    const operation = getOperationAST(document, asked.operationName);
    if (!operation) return refusal(422, [noOperation(asked.operationName)]);
    if (operation.operation === 'mutation' && request.method !== 'POST') return refuseChange();
    const tooLarge = costError(document, operation, asked.variables ?? {}, registry);
    if (tooLarge !== null) return refusal(422, [tooLarge]);
    const context = newContext({ services, registry, request });
    let changes = 0;
    const result = await execute({
      ...{ schema: graphqlSchema(), document, operationName: asked.operationName },
      rootValue: rootOf(operation.operation, context, () => {
        changes += 1;
      }),
      variableValues: asked.variables,
      fieldResolver: countedFields(context.budget),
    });
    const { exceeded } = context.budget;
    return resultAnswer(result, { request, log, exceeded, hasChanged: changes > 0 });
  }

  return {
    async answer(request) {
      try {
        const read = request.method === 'GET' ? readGet : readPost;
        return await run(await read(request), request);
      } catch (error) {
        return problemAnswer(problemOf(error, '/v0/gql', log));
      }
    },
  };
}

/** Null when the answer cannot be too large, and when the variables do not fit: that is told in another place. */
function costError(
  { definitions }: DocumentNode,
  operation: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
  registry: AppRegistry,
): GraphQLError | null {
  const schema = graphqlSchema();
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs);
  if (coerced === undefined) return null;
  const fragments = definitions.filter(
    (definition): definition is FragmentDefinitionNode =>
      definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  const cost = costOf({
    ...{ schema, operation, variables: coerced },
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    registered: { apps: registry.apps().length, functions: registry.functions().length },
  });
  if (cost <= costMax) return null;
  const sum = `its answer may have ${Math.ceil(cost)} fields; at most ${costMax} are allowed`;
  return tooMuch(`${sum}: select fewer fields or smaller pages`, operation);
}

function noOperation(name: string | null | undefined): GraphQLError {
  const message = name
    ? `operation ${name} not found`
    : 'operation name is required when multiple operations are provided';
  return new GraphQLError(message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}

/** Links and prefetching must not change anything. */
function refuseChange(): Response {
  const message = 'GET requests only allow query operations; send mutations as POST';
  const response = refusal(405, [new GraphQLError(message)]);
  response.headers.set('allow', 'POST');
  return response;
}
