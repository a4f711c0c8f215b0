/** `GET /health` (alive) and `GET /ready` (able to take work). */
import { Elysia } from 'elysia';
import { json } from './answer.ts';
import { retryAfterSeconds } from './problem.ts';
import type { Services } from './services.ts';

export function healthRoutes({ readiness }: Services) {
  return new Elysia()
    .get('/health', () => json({ status: 200, message: 'OK' }))
    .get('/ready', () => {
      const reasons = readiness.reasons();
      if (reasons.length === 0) return json({ status: 200, message: 'OK' });
      return json(
        { status: 503, message: 'Not ready', reasons },
        { status: 503, headers: { 'retry-after': String(retryAfterSeconds) } },
      );
    });
}
