/** The schema: SDL text from `sdl/`, built when the first request needs it, so that starting up does not pay for it. */
import { buildSchema, type GraphQLSchema, isScalarType } from 'graphql';
import { scalarConfigs } from './scalar.ts';
import app from './sdl/app.graphql' with { type: 'text' };
import event from './sdl/event.graphql' with { type: 'text' };
import input from './sdl/input.graphql' with { type: 'text' };
import operation from './sdl/operation.graphql' with { type: 'text' };
import run from './sdl/run.graphql' with { type: 'text' };
import scalars from './sdl/scalars.graphql' with { type: 'text' };
import trace from './sdl/trace.graphql' with { type: 'text' };

let built: GraphQLSchema | null = null;

/** Fields are read from what the operations in `query.ts` and `mutation.ts` return; unions by `__typename`. */
export function graphqlSchema(): GraphQLSchema {
  built ??= build();
  return built;
}

function build(): GraphQLSchema {
  const schema = buildSchema([scalars, app, event, run, trace, input, operation].join('\n'));
  for (const [name, config] of Object.entries(scalarConfigs)) {
    const type = schema.getType(name);
    if (isScalarType(type)) Object.assign(type, config);
  }
  return schema;
}
