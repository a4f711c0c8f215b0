/** An app as /v2 shows it (http-api.md §7.5). */
import { z } from 'zod';
import type { AppDefinition } from '../../function/definition.ts';
import { timestamp } from './message.ts';

export const appSchema = z
  .object({
    id: z.string().describe('The name of the app.'),
    name: z.string(),
    method: z.enum(['SERVE', 'CONNECT', 'API']),
    appVersion: z.string().optional(),
    createdAt: z.iso.datetime(),
    isArchived: z.boolean().optional(),
    archivedAt: z.iso.datetime().optional(),
    functionCount: z.int().optional(),
    latestSync: z
      .object({
        sdkLanguage: z.string().optional(),
        sdkVersion: z.string().optional(),
        framework: z.string().optional(),
        url: z.string().optional(),
        error: z.string().optional(),
        status: z.enum(['SUCCESS', 'ERROR']),
        syncedAt: z.iso.datetime(),
        appVersion: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'App' });

/** Only when the app was last synced is known; when it came is not. */
export function appMessage(app: AppDefinition): z.input<typeof appSchema> {
  const syncedAt = timestamp(app.syncedAtMs);
  return {
    // A placeholder has not said its name yet.
    id: app.name === '' ? app.id : app.name,
    name: app.name === '' ? app.url : app.name,
    method: methods[app.method],
    appVersion: app.appVersion,
    createdAt: syncedAt,
    functionCount: app.functions.length,
    latestSync: {
      sdkLanguage: app.sdkLanguage,
      sdkVersion: app.sdkVersion,
      framework: app.framework,
      url: app.url,
      error: app.error,
      status: app.error === '' ? 'SUCCESS' : 'ERROR',
      syncedAt,
      appVersion: app.appVersion,
    },
  };
}

const methods = { serve: 'SERVE', connect: 'CONNECT', api: 'API' } as const;
