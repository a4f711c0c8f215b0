/** Where /v2 stands: two prefixes that mean the same. */
export const v2Prefixes = ['/v2', '/api/v2'] as const;

export function isV2Path(path: string): boolean {
  return v2Prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}
