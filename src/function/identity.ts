/** Deterministic ids and slugs of apps and functions (sdk-http-protocol.md §1.8). */
import { uuidV5 } from '../lib/uuid.ts';
import type { AppId, FunctionId } from './definition.ts';

/** The id of an app comes from its name and so survives a change of URL. */
export function appIdOf(appName: string): AppId {
  // The brand says where the UUID came from, which is here.
  return uuidV5(appName) as AppId;
}

/** The id of an app of which only the URL is known yet; `url` is normalised. */
export function placeholderIdOf(url: string): AppId {
  return uuidV5(url) as AppId;
}

/** The id of a function that is seen for the first time; `url` is its normalised step URL. */
export function functionIdOf(name: string, url: string): FunctionId {
  return uuidV5(name + url) as FunctionId;
}

/**
 * The id of a new function whose name and step URL together belong to another function already: two
 * apps behind one URL may well use one name.
 */
export function distinctFunctionIdOf(appId: AppId, slug: string): FunctionId {
  return uuidV5(`${appId}/${slug}`) as FunctionId;
}

/** The slug of a function that was registered without an id: its name in lower case, dashed. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, ' ')
    .trim()
    .replaceAll(' ', '-');
}

/** The slug of the function that SDKs add for `onFailure`. */
export function failureSlugOf(slug: string): string {
  return `${slug}-failure`;
}
