/** What this build calls itself: `1.2.3-<commit>` in the binary, `1.2.3-source` when run from source. */
import packageJson from '../../package.json' with { type: 'json' };

/** Put in by build.ts; not declared when the sources are run. */
declare const INNGEST_BUILD_COMMIT: string | undefined;

const commit = typeof INNGEST_BUILD_COMMIT === 'string' ? INNGEST_BUILD_COMMIT : 'source';

export const version = `${packageJson.version}-${commit}`;
