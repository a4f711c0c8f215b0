/** The header by which traces are carried on (W3C Trace Context, version 00). */

export interface TraceContext {
  /** Hex, 32 digits, not all zero. */
  readonly traceId: string;
  /** Hex, 16 digits, not all zero. */
  readonly spanId: string;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Null when the text is not one. Later versions may have more parts. */
export function parseTraceparent(text: string): TraceContext | null {
  const [, version, traceId = '', spanId = '', , rest] = form.exec(text.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) {
    return null;
  }
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? null : { traceId, spanId };
}

/** Sampled: what the server records is for people to see. */
export function formatTraceparent({ traceId, spanId }: TraceContext): string {
  return `00-${traceId}-${spanId}-01`;
}
