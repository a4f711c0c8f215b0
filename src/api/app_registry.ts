/** The registry as the doors see it. */
import type { Registry } from '../state/registry.ts';

/** What the doors use of the registry, so that a test can do with less. */
export type AppRegistry = Pick<
  Registry,
  | 'apps'
  | 'app'
  | 'appById'
  | 'functions'
  | 'appByUrl'
  | 'functionBySlug'
  | 'functionById'
  | 'sync'
  | 'setError'
  | 'remove'
  | 'removeApp'
  | 'refresh'
>;
