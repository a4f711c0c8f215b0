/** What can be done (reference/graphql.md §6). */
import { isUuid } from '../../lib/uuid.ts';
import { bulkName } from '../bulk_name.ts';
import { acceptInvocation } from '../invoke.ts';
import type { BulkKind, BulkOperation } from '../services.ts';
import { appMutations } from './app_mutation.ts';
import { bulkView } from './bulk_view.ts';
import type { GraphqlContext } from './context.ts';
import { FieldError } from './field_error.ts';
import type { Fields } from './fields.ts';
import { type RunsFilterInput, runFilter } from './run_list.ts';
import { runMutations } from './run_mutation.ts';

interface Invocation {
  readonly functionSlug: string;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly user?: Readonly<Record<string, unknown>> | null;
  readonly meta?: Readonly<Record<string, unknown>> | null;
}

interface BulkInput {
  readonly name: string;
  readonly filter: RunsFilterInput;
}

export function mutations(context: GraphqlContext): Fields {
  return {
    ...appMutations(context),
    ...runMutations(context),
    ...functionMutations(context),
    ...bulkMutations(context),
  };
}

function functionMutations(context: GraphqlContext): Fields {
  const { services, registry } = context;
  const known = (id: string): object => {
    const fn = registry.functionById(id);
    if (fn === null) throw unknownFunction(id);
    return context.show.function(fn);
  };
  return {
    invokeFunction: async ({ functionSlug, data, user, meta }: Invocation) => {
      for (const key of Object.keys(meta ?? {})) {
        if (key !== 'sessions') throw new FieldError(`event meta "${key}" is not supported`);
      }
      const text = JSON.stringify({ data, user, meta });
      const { request } = context;
      await acceptInvocation({ text, slug: functionSlug, request }, services, registry);
      return true;
    },
    pauseFunction: async ({ id }: { readonly id: string }) => {
      if ((await services.pauses.pause(id)) === null) throw unknownFunction(id);
      return known(id);
    },
    unpauseFunction: async ({ id }: { readonly id: string }) => {
      if ((await services.pauses.unpause(id)) === null) throw unknownFunction(id);
      return known(id);
    },
  };
}

function unknownFunction(id: string): FieldError {
  const name = isUuid(id) ? id : JSON.stringify(id.slice(0, 60));
  return new FieldError(`function not found: ${name}; its id is \`Function.id\``);
}

function bulkMutations({ services: { bulk }, nowMs }: GraphqlContext): Fields {
  const start = async (kind: BulkKind, { name, filter }: BulkInput): Promise<object> => {
    const named = bulkName.safeParse(name);
    if (!named.success) throw new FieldError(named.error.issues[0]?.message ?? 'name is invalid');
    const untilMs = filter.until ?? nowMs;
    return bulkView(await bulk.start({ kind, name, filter: { ...runFilter(filter), untilMs } }));
  };
  return {
    cancelRuns: (input: BulkInput) => start('cancel', input),
    rerunRuns: (input: BulkInput) => start('rerun', input),
    stopBulkOperation: async ({ id }: { readonly id: string }) => {
      const operation: BulkOperation | null = await bulk.stop(id);
      if (operation === null) throw new FieldError('bulk operation not found');
      return bulkView(operation);
    },
  };
}
