/** Adding, moving and removing apps (reference/graphql.md §6). */
import type { AppDefinition } from '../../function/definition.ts';
import { documentApp } from '../../function/document_app.ts';
import { appUrlOf, isStepUrl } from '../../function/url.ts';
import { isUuid } from '../../lib/uuid.ts';
import type { GraphqlContext } from './context.ts';
import { FieldError, noRows } from './field_error.ts';
import type { Fields } from './fields.ts';

const urlCharsMax = 2_048;

export function appMutations(context: GraphqlContext): Fields {
  const { registry } = context;
  return {
    createApp: async ({ input }: { readonly input: { readonly url: string } }) =>
      context.show.app(await syncedApp(input.url, context)),
    updateApp: async ({
      input,
    }: {
      readonly input: { readonly id: string; readonly url: string };
    }) => {
      const before = registry.appById(input.id.toLowerCase());
      if (before === null) throw new FieldError(noRows);
      if (before.name === documentApp) {
        throw new FieldError(
          `the functions of "${documentApp}" are declared in documents, not by an app at a URL: edit the documents instead`,
        );
      }
      const app = await syncedApp(input.url, context);
      // What stands there now may go by another name: then the one that moved away is no more.
      if (app.id !== before.id) await registry.removeApp(before.id);
      return context.show.app(app);
    },
    deleteApp: async ({ id }: { readonly id: string }) => {
      if (!isUuid(id))
        throw new FieldError(`not the id of an app, which is a UUID: ${id.slice(0, 60)}`);
      const app = registry.appById(id.toLowerCase());
      if (app !== null) await registry.removeApp(app.id);
      return id;
    },
    deleteAppByName: async ({ name }: { readonly name: string }) => {
      const app = registry.app(name);
      return app === null ? false : registry.removeApp(app.id);
    },
  };
}

/** Throws the app's error, by its code. */
async function syncedApp(written: string, { services }: GraphqlContext): Promise<AppDefinition> {
  const url = appUrlOf(written);
  if (url.length > urlCharsMax || !URL.canParse(url) || !isStepUrl(url)) {
    throw new FieldError('the URL of an app looks like http://localhost:3000/api/inngest');
  }
  const app = await services.appSyncs.sync(url);
  if (app === null) throw new FieldError('unreachable');
  if (app.error !== '') throw new FieldError(app.error);
  return app;
}
