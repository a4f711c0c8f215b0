/** Apps that are synced again and again, read, and removed. */
import { loadApps, putApp, removeApp, type StoredApp } from '../../src/state/app_store.ts';
import { asList } from '../../src/store/reply_shape.ts';
import { at, type LoadScope } from './load_scope.ts';
import { functionsPerApp, sampleApp } from './sample_app.ts';

/** As many as most installations have. */
const appCount = 4;

export async function appLoad(scope: LoadScope): Promise<void> {
  const stored = await syncLoad(scope);
  await readLoad(scope);
  await emptyAndRemove(scope, stored);
  await removeLoad(scope);
}

/** Each call is given the revision that the app's last one made: revisions count the changes of any app. */
async function syncLoad({ timer, key, subjects, nowMs }: LoadScope): Promise<StoredApp[]> {
  const { store } = timer;
  const apps = Array.from({ length: appCount }, (_, index) =>
    sampleApp(`${key}-app-${index}`, nowMs),
  );
  const [before] = await timer.untimed(1, () => loadApps(store, -1));
  const changes = before?.changes ?? 0;
  const written = await timer.timed(
    'app_put',
    subjects,
    (index) => {
      const app = at(apps, index % appCount);
      const revision = index < appCount ? 0 : changes + index - appCount + 1;
      return putApp(store, { app, left: [], returned: [] }, revision, [], nowMs);
    },
    ({ isStored }) => isStored,
  );
  return written.slice(-appCount).map(({ revision }, index) => ({
    app: at(apps, (subjects - appCount + index) % appCount),
    revision,
  }));
}

async function readLoad({ timer, subjects }: LoadScope): Promise<void> {
  const { store } = timer;
  const loaded = await timer.timed(
    'apps_load: all',
    subjects / 4,
    () => loadApps(store, -1),
    (all) => all?.apps.length === appCount,
  );
  const changes = loaded[0]?.changes ?? 0;
  await timer.timed(
    'apps_load: nothing new',
    subjects,
    () => store.run('apps_load', [changes]),
    (reply) => asList(reply).length === 1,
  );
}

/** Takes functions back that were archived, so that an app leaves nothing when it goes. */
async function emptyAndRemove(
  { timer, nowMs }: LoadScope,
  stored: readonly StoredApp[],
): Promise<void> {
  const { store } = timer;
  const emptied = await timer.untimed(stored.length, async (index) => {
    const { app, revision } = at(stored, index);
    const returned = app.functions.map(({ id }) => id);
    const change = { app: { ...app, functions: [] }, left: [], returned };
    const written = await putApp(store, change, revision, [], nowMs);
    return { app: change.app, revision: written.revision };
  });
  await timer.untimed(emptied.length, (index) => removeApp(store, at(emptied, index), nowMs));
}

/** Apps that go with all their functions, which are archived. */
async function removeLoad(scope: LoadScope): Promise<void> {
  const { timer, key, subjects, nowMs } = scope;
  const { store } = timer;
  const apps = Array.from({ length: subjects / 4 }, (_, index) =>
    sampleApp(`${key}-left-${index}`, nowMs),
  );
  const put = (index: number, revision: number) =>
    putApp(store, { app: at(apps, index), left: [], returned: [] }, revision, [], nowMs);
  const written = await timer.untimed(apps.length, (index) => put(index, 0));
  await timer.timed(
    `app_remove: ${functionsPerApp} functions`,
    apps.length,
    (index) => {
      const { revision } = at(written, index);
      return removeApp(store, { app: at(apps, index), revision }, nowMs);
    },
    ({ isStored }) => isStored,
  );
  const back = await timer.untimed(apps.length, (index) => put(index, 0));
  const stored = back.map(({ revision }, index) => ({ app: at(apps, index), revision }));
  await emptyAndRemove(scope, stored);
}
