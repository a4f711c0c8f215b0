/** What the `gen_ai.*` attributes of a span say about a model call, as `inngest.ai` metadata (observability-ui.md §7.5). */
import type { Json } from './any_value.ts';

export const aiKind = 'inngest.ai';

const texts: readonly (readonly [string, readonly string[]])[] = [
  ['request_model', ['gen_ai.request.model']],
  ['response_model', ['gen_ai.response.model']],
  ['provider', ['gen_ai.provider.name', 'gen_ai.system']],
  ['operation_name', ['gen_ai.operation.name']],
  ['response_id', ['gen_ai.response.id']],
];

const numbers: readonly (readonly [string, string])[] = [
  ['input_tokens', 'gen_ai.usage.input_tokens'],
  ['output_tokens', 'gen_ai.usage.output_tokens'],
  ['total_tokens', 'gen_ai.usage.total_tokens'],
  ['cache_read_tokens', 'gen_ai.usage.cache_read.input_tokens'],
  ['cache_creation_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
  ['reasoning_tokens', 'gen_ai.usage.reasoning.output_tokens'],
  ['temperature', 'gen_ai.request.temperature'],
  ['top_p', 'gen_ai.request.top_p'],
  ['max_tokens', 'gen_ai.request.max_tokens'],
  ['frequency_penalty', 'gen_ai.request.frequency_penalty'],
  ['presence_penalty', 'gen_ai.request.presence_penalty'],
  ['seed', 'gen_ai.request.seed'],
];

/** Null for a span that is no model call. */
export function aiValuesOf(
  attributes: ReadonlyMap<string, Json>,
  durationMs: number,
): Readonly<Record<string, Json>> | null {
  const values: Record<string, Json> = {};
  for (const [field, keys] of texts) {
    const text = keys.map((key) => textOf(attributes.get(key))).find((found) => found !== null);
    if (text) values[field] = text;
  }
  for (const [field, key] of numbers) {
    const number = numberOf(attributes.get(key));
    if (number !== null) values[field] = number;
  }
  const reasons = textsOf(attributes.get('gen_ai.response.finish_reasons'));
  if (reasons.length > 0) values.finish_reasons = reasons;
  if (Object.keys(values).length === 0) return null;
  return { ...values, latency_ms: durationMs };
}

function textOf(value: Json | undefined): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(value: Json | undefined): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function textsOf(value: Json | undefined): readonly string[] {
  const list: readonly (Json | undefined)[] = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item !== '');
}
