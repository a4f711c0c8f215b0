/** Every attribute of every span that is exported, with its type, as written down in test/trace/otlp/attributes.txt. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Fact, factText } from '../../../src/history/fact.ts';
import { exportBody } from '../../../src/trace/otlp/export_body.ts';
import { SpanBuilder } from '../../../src/trace/otlp/span_builder.ts';
import { everyKind } from './every_kind.ts';

const attributes = z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }));
const bodySchema = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.object({
              name: z.string(),
              attributes,
              events: z.array(z.object({ name: z.string(), attributes })),
              links: z.array(z.object({ spanId: z.string() })),
              status: z.object({ message: z.string().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
});

type Attributes = z.infer<typeof attributes>;

/** The spans of facts in the order of their ends, as a collector gets them one by one. */
function exported(facts: readonly Fact[], hasPayloads = true) {
  const builder = new SpanBuilder();
  const spans = facts.map(factText).flatMap((text) => builder.build(text) ?? []);
  return spans.flatMap((span) => {
    const body = exportBody([span], { encoding: 'json', resource: {}, hasPayloads });
    const { resourceSpans } = bodySchema.parse(JSON.parse(Buffer.from(body).toString()));
    return resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans }) =>
        spans.map((each) => ({ scope: scope.name, ...each })),
      ),
    );
  });
}

function lines(list: Attributes): string[] {
  return list.flatMap(({ key, value }) =>
    Object.entries(value).map(
      ([type, content]) => `${key} ${type.replace('Value', '')} ${String(content)}`,
    ),
  );
}

function written(facts: readonly Fact[]): string {
  const spans = exported(facts).map(({ scope, name, attributes, events, links, status }) => [
    `${scope} ${name}`,
    ...[...attributes].sort((a, b) => (a.key < b.key ? -1 : 1)).flatMap((each) => lines([each])),
    ...events.map((event) => `event ${lines(event.attributes).join()}: ${event.name}`),
    ...links.map(({ spanId }) => `link ${spanId}`),
    ...(status.message === undefined ? [] : [`error ${status.message}`]),
  ]);
  return spans.map((texts) => texts.join('\n  ')).join('\n');
}

const golden = new Map(
  readFileSync(join(import.meta.dir, 'attributes.txt'), 'utf8')
    .split('=== ')
    .slice(1)
    .map((section): [string, string] => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end).trim()];
    }),
);

for (const [name, facts] of Object.entries(everyKind)) {
  test(`${name} is exported with the attributes that are written down`, () => {
    expect(written(facts)).toBe(golden.get(name) ?? '');
  });
}

test('every written section belongs to a run', () => {
  expect([...golden.keys()]).toEqual(Object.keys(everyKind));
});

/** observability-ui.md §2.1 whole; of §2.2 what facts can tell. */
const keysOfSheet = `
  sys.account.id sys.workspace.id sys.app.id sys.function.id sdk.run.id sys.function.slug sys.function.version
  sys.function.status.code sys.function.output sys.function.hasAI sys.step.id sys.step.opcode sys.step.status.code
  sys.step.attempt sys.step.input sys.step.output sys.step.ai.req sys.step.ai.res sys.function.time.schedule
  sys.function.time.start sys.function.time.end sys.step.time.start sys.delay.system.ms
  sys.lifecycle.id sys.event.internal.id sys.event.ids sys.batch.id sys.batch.timestamp sys.function.link
  sys.trace.link sys.step.display.name sys.step.time.schedule sys.step.time.end sys.step.status sys.step.attempt.max
  sys.step.output.size.bytes sys.step.first sys.step.group.id sys.step.run.type sys.step.type sys.step.plan
  sys.step.sleep.end sys.step.wait.event sys.step.wait.expr sys.step.wait.expires sys.step.wait.expired
  sys.step.wait.matched.event.id sys.step.wait.signal sys.step.invoke.fn.id sys.step.invoke.event.outgoing.id
  sys.step.invoke.event.incoming.id sys.step.invoke.run.id sys.step.invoke.expires sys.step.invoke.expired
  sys.step.retry sys.cron.timestamp sys.cron.expr sys.cron.fire_at`
  .trim()
  .split(/\s+/);

/** Of HTTP, by OpenTelemetry's names. */
const keysOfHttp = ['http.request.method', 'http.response.status_code', 'url.full'];

test('the keys of the fact sheet are all there, and no others but those of HTTP', () => {
  const spans = Object.values(everyKind).flatMap((facts) => exported(facts));
  const keys = spans.flatMap(({ attributes, events }) =>
    [...attributes, ...events.flatMap((event) => event.attributes)].map(({ key }) => key),
  );
  expect([...new Set(keys)].sort()).toEqual([...keysOfSheet, ...keysOfHttp].sort());
});

test('what models were asked and answered is a payload: sent only when that is asked for', () => {
  const spans = Object.values(everyKind).flatMap((facts) => exported(facts, false));
  expect(spans.flatMap(({ events }) => events)).toEqual([]);
  expect(JSON.stringify(spans)).not.toContain('"model"');
});
