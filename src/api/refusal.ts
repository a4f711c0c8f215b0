/** Refusals in the words of the API that was asked: /v2 has its own (http-api.md §0.4, §0.5, §7.2). */
import { notFound } from './answer.ts';
import { Problem, problemResponse } from './problem.ts';
import { isV2Path } from './v2/prefix.ts';
import { problemAnswer } from './v2/refusal.ts';

/** `route` is the pattern that the request met. */
export function refusal(problem: Problem, route: string): Response {
  return isV2Path(route) ? problemAnswer(problem) : problemResponse(problem);
}

export function unknownPath(request: Request): Response {
  if (!isV2Path(new URL(request.url).pathname)) return notFound();
  return problemAnswer(new Problem(404, 'Not Found', { code: 'api_error' }));
}

/** 405 with the methods that would have worked. The original says 501 below /v2. */
export function wrongMethod(route: string, allow: string): Response {
  const answer = isV2Path(route)
    ? problemAnswer(new Problem(405, 'Method Not Allowed', { code: 'api_error' }))
    : new Response(null, { status: 405 });
  answer.headers.set('allow', allow);
  return answer;
}
