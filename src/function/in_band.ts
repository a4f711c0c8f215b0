/** The body with which an app answers an in-band sync, as a registration document (sdk-http-protocol.md §1.4). */
import { foldKeys } from './json_keys.ts';

/**
 * The same document that the app would have posted to `/fn/register`. `url` is where the app was asked: the
 * poll must find it there again, whatever a proxy made the app believe.
 */
export function documentOfInBand(body: unknown, url: string): unknown {
  const folded = foldKeys(body);
  if (typeof folded !== 'object' || folded === null) return folded;
  const members = new Map<string, unknown>(Object.entries(folded));
  const sdk = `${members.get('sdk_language') ?? ''}:${versionOf(members.get('sdk_version'))}`;
  return {
    url,
    sdk,
    deployType: 'ping',
    appName: members.get('app_id'),
    appVersion: members.get('appVersion'),
    framework: members.get('framework'),
    functions: members.get('functions'),
  };
}

/** Posted documents write `v4.18.1`; the bare number here must not look like another version. */
function versionOf(version: unknown): string {
  if (typeof version !== 'string' || version === '') return '';
  return version.startsWith('v') ? version : `v${version}`;
}
