/**
 * What the OpenAPI documents say about a route. The schemas are those that check requests and describe answers,
 * so a document cannot drift away from what the doors do.
 */
import type { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface AnswerNote {
  readonly description: string;
  /** Null: the answer has no body. */
  readonly schema: z.ZodType | null;
  /** `application/json` when absent. */
  readonly contentType?: string;
}

export interface BodyNote {
  readonly schema: z.ZodType;
  readonly isOptional?: boolean;
  readonly contentType?: string;
}

export interface RouteNote {
  /** Name of the operation: `ListRuns`. */
  readonly id: string;
  readonly method: Method;
  /** As the router has it, without the prefix: `/runs/:runId`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** What each parameter in the path is. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  /** Headers that the route reads, and what for. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyNote;
  /** By status: what success looks like. */
  readonly answers: Readonly<Record<number, AnswerNote>>;
  /** By status: when the route refuses, in words. The body is the version's error. */
  readonly refusals?: Readonly<Record<number, string>>;
  /** Nobody needs a key for it. */
  readonly isOpen?: boolean;
}
