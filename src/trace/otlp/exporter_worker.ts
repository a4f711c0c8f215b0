/**
 * The exporter's thread: makes spans of facts, keeps those that wait, writes batches of them. Sending is left to the
 * main thread, for which it is no work.
 */
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { exportBody } from './export_body.ts';
import type { ExportBatch, ExporterAnswer, ExporterRequest } from './exporter_message.ts';
import { SpanBuilder } from './span_builder.ts';
import { SpanQueue } from './span_queue.ts';

const port = parentPort;
if (port === null) throw new Error('exporter_worker.ts is started as a Worker, not imported');

type Opening = Extract<ExporterRequest, { kind: 'open' }>;

let open: { readonly settings: Opening; readonly queue: SpanQueue } | null = null;
const builder = new SpanBuilder();

port.on('message', (request: ExporterRequest) => port.postMessage(answerTo(request)));

function answerTo(request: ExporterRequest): ExporterAnswer {
  if (request.kind === 'open') {
    open = { settings: request, queue: new SpanQueue(request.queueMax, request.form.hasPayloads) };
    return { queued: 0, dropped: 0, batch: null };
  }
  if (open === null) throw new Error('the exporter has not been opened');
  const { settings, queue } = open;
  if (request.kind === 'take') {
    const batch = take(queue, request.spansMax, settings);
    return { queued: queue.length, dropped: 0, batch };
  }
  const dropped = request.texts.filter((text) => !isKept(queue, text)).length;
  return { queued: queue.length, dropped, batch: null };
}

/** False when a span is lost. */
function isKept(queue: SpanQueue, text: string): boolean {
  try {
    const span = builder.build(text);
    return span === null || queue.add(span);
  } catch {
    // One fact that cannot be read costs its own span only; the count says so.
    return false;
  }
}

function take(queue: SpanQueue, spansMax: number, settings: Opening): ExportBatch | null {
  const spans = queue.take(spansMax);
  if (spans.length === 0) return null;
  const body = exportBody(spans, settings.form);
  return { body: settings.isCompressed ? gzipSync(body) : body, spans: spans.length };
}
