/** Apps as the API shows them (reference/graphql.md §5.1). */
import type { AppDefinition, AppId } from '../../function/definition.ts';
import type { RunRecord } from '../../history/history.ts';
import type { GraphqlContext } from './context.ts';

/** Nothing tells the server; the gateway's workers will. */
const unknownReadiness = { ready: false, reason: null };

export function appView(app: AppDefinition, context: GraphqlContext): object {
  return {
    id: app.id,
    externalID: app.name,
    name: app.name,
    sdkLanguage: app.sdkLanguage,
    sdkVersion: app.sdkVersion,
    framework: orNull(app.framework),
    url: orNull(app.url),
    checksum: orNull(app.checksum),
    error: orNull(app.error),
    functions: () => app.functions.map(context.show.function),
    method: app.method.toUpperCase(),
    appVersion: orNull(app.appVersion),
    sdkFeatureReadiness: {
      aiMetadataExtraction: unknownReadiness,
      extendedTraces: unknownReadiness,
    },
    connected: app.error === '',
    functionCount: app.functions.length,
    // Discovery and people add apps in the same way; nothing tells them apart afterwards.
    autodiscovered: false,
  };
}

/** The app of a run: as it is now, or, when it is gone, what its run remembers. */
export function appOfRun(run: RunRecord, context: GraphqlContext): object {
  return context.show.app(context.registry.appById(run.appId) ?? removedApp(run));
}

/** What is left of an app that is gone. */
export function removedApp({
  appId,
  appName,
}: Pick<RunRecord, 'appId' | 'appName'>): AppDefinition {
  return {
    // Whoever names it had it from an app.
    id: appId as AppId,
    name: appName,
    ...{ url: '', sdkLanguage: '', sdkVersion: '', framework: '', appVersion: '', checksum: '' },
    method: 'serve',
    error: 'removed',
    syncedAtMs: 0,
    functions: [],
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
