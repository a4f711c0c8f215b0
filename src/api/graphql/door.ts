/** What is behind `/v0/gql`: from a request to its answer. Loaded with the first request, for it is large. */
import { execute, GraphQLError, getOperationAST } from 'graphql';
import type { AppRegistry } from '../app_registry.ts';
import { type ErrorLog, problemOf } from '../problem.ts';
import type { Services } from '../services.ts';
import { problemAnswer, refusal, resultAnswer } from './answer.ts';
import { Documents } from './documents.ts';
import { Lru } from './lru.ts';
import { newContext } from './new_context.ts';
import { rootOf } from './root.ts';
import { graphqlSchema } from './schema.ts';
import { type GraphqlRequest, readGet, readPost } from './transport.ts';

/** A page of runs fits many times. */
const aiRunsMax = 10_000;

export interface GraphqlDoor {
  /** Never rejects. What changes something waits for `services.settled`. */
  answer(request: Request): Promise<Response>;
}

export function graphqlDoor(services: Services, registry: AppRegistry, log: ErrorLog): GraphqlDoor {
  const documents = new Documents(graphqlSchema);
  const aiRuns = new Lru<string, boolean>(aiRunsMax);

  async function run(asked: GraphqlRequest, request: Request): Promise<Response> {
    const query = documents.queryOf(asked);
    if (!query.ok) return refusal(query.status, [query.error]);
    const read = documents.read(query.text);
    if (!read.ok) return refusal(422, read.errors);
    const { document } = read;
    const operation = getOperationAST(document, asked.operationName);
    if (!operation) return refusal(422, [noOperation(asked.operationName)]);
    if (operation.operation === 'mutation' && request.method !== 'POST') return refuseChange();
    const context = newContext({ services, registry, aiRuns, request });
    const result = await execute({
      ...{ schema: graphqlSchema(), document, operationName: asked.operationName },
      rootValue: rootOf(operation.operation, context),
      variableValues: asked.variables,
    });
    return resultAnswer(result, request, log);
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
