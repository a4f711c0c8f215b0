/** Sizes of JSON texts, in UTF-8 bytes as every limit of the protocol counts them. */

/** Whether `text` is longer than `bytesMax`; most texts are decided by their length alone. */
export function exceedsBytes(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  if (text.length * 3 <= bytesMax) return false;
  return Buffer.byteLength(text) > bytesMax;
}

/** `4 MiB`, `5.25 MiB`, `812 bytes`: for messages. */
export function formatBytes(bytes: number): string {
  const mebibyte = 1024 * 1024;
  if (bytes < mebibyte) return `${bytes} bytes`;
  return `${Number((bytes / mebibyte).toFixed(2))} MiB`;
}
