/** Serves the functions. PORT says where; INNGEST_DEV says where the server is when not on its usual port. */
import { serve } from 'inngest/bun';
import { inngest } from './client.ts';
import { fulfilOrder } from './order.ts';

const path = '/api/inngest';
const handle = serve({ client: inngest, functions: [fulfilOrder] });

const app = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT ?? 3000),
  fetch(request) {
    if (new URL(request.url).pathname === path) return handle(request);
    return new Response('Not found', { status: 404 });
  },
});

process.stdout.write(`quickstart serves its functions at ${app.url.origin}${path}\n`);
