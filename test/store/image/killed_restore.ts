/** A restore that is killed before one of its changes to the directory: FILE DIR STEPS. Ends by itself after fewer. */
import { systemClock } from '../../../src/lib/clock.ts';
import { restoreBackup } from '../../../src/store/image/restore_backup.ts';

const [file = '', dataDir = '', steps = ''] = process.argv.slice(2);
let left = Number(steps);

await restoreBackup({
  file,
  dataDir,
  isForced: true,
  clock: systemClock,
  signal: new AbortController().signal,
  onProgress: () => {},
  step: () => {
    left -= 1;
    if (left < 0) process.kill(process.pid, 'SIGKILL');
  },
});
