/** What the exporter and its thread say to each other: every request gets one answer, in order. */
import type { BodyForm } from './export_body.ts';

export type ExporterRequest =
  | {
      readonly kind: 'open';
      readonly form: BodyForm;
      readonly isCompressed: boolean;
      readonly queueMax: number;
    }
  /** Facts to make spans of. */
  | { readonly kind: 'facts'; readonly texts: readonly string[] }
  /** The oldest spans, as a body to send. */
  | { readonly kind: 'take'; readonly spansMax: number };

export interface ExporterAnswer {
  /** Spans that wait. */
  readonly queued: number;
  /** Spans that found the queue full, and facts that could not be read, because of this request. */
  readonly dropped: number;
  readonly batch: ExportBatch | null;
}

export interface ExportBatch {
  readonly body: Uint8Array;
  readonly spans: number;
}
