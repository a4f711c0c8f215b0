/** `openapi.json` and `docs` of one version: made on the first request, the same for all that follow. */
import { z } from 'zod';
import { json } from '../answer.ts';
import type { OpenApiDocument } from './document.ts';
import { documentPage } from './page.ts';
import type { RouteNote } from './route_note.ts';

const tag = 'Documents';

export const openApiNote = {
  id: 'GetOpenApi',
  method: 'GET',
  path: '/openapi.json',
  tag,
  summary: 'Get this document',
  description: 'The OpenAPI 3.1 document of this version.',
  answers: {
    200: {
      description: 'The document.',
      schema: z.looseObject({ openapi: z.literal('3.1.0'), paths: z.looseObject({}) }),
    },
  },
  isOpen: true,
} satisfies RouteNote;

export const docsNote = {
  id: 'GetDocs',
  method: 'GET',
  path: '/docs',
  tag,
  summary: 'Read this document',
  description: 'The same for people.',
  answers: {
    200: { description: 'A page.', schema: z.string(), contentType: 'text/html; charset=utf-8' },
  },
  isOpen: true,
} satisfies RouteNote;

export interface Documents {
  openApi(): Response;
  docs(): Response;
}

/** `build` is asked once. */
export function documents(build: () => OpenApiDocument): Documents {
  let built: { readonly document: OpenApiDocument; readonly page: string } | null = null;
  const once = () => {
    if (built !== null) return built;
    const document = build();
    // Beside the page, under whichever prefix that is.
    built = { document, page: documentPage(document, 'openapi.json') };
    return built;
  };
  return {
    openApi: () => json(once().document, { headers: { 'cache-control': 'no-cache' } }),
    docs: () =>
      new Response(once().page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          // The page needs its own style and nothing else.
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
          'x-content-type-options': 'nosniff',
        },
      }),
  };
}
