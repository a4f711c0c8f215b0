/** What there is below /v1, for its document (http-api.md §3–§6). */
import { docsNote, openApiNote } from '../openapi/documents.ts';
import type { RouteNote } from '../openapi/route_note.ts';
import { bulkNotes } from './notes_bulk.ts';
import { readingNotes } from './notes_reading.ts';
import { sdkNotes } from './notes_sdk.ts';

export const v1Notes: readonly RouteNote[] = [
  ...readingNotes,
  ...bulkNotes,
  ...sdkNotes,
  openApiNote,
  docsNote,
];
