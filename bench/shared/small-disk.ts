import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../src/testing/embedded-postgres.ts';

export type SmallDisk = {
  readonly folder: string;
  /** Takes all the room that is left. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  unmount(): void;
};

/** A file system of its own in memory, owned by PostgreSQL's account. Needs root; null without. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
  const size = `size=${megabytes}m,mode=0755`;
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder]);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    return null;
  }
  const { uid, gid } = unprivilegedAccount();
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const ballast = join(folder, 'ballast');
  const unmount = (): void => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
    process.off('exit', unmount);
  };
  process.once('exit', unmount);
  return {
    folder,
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      // The last bytes one by one, since others write meanwhile.
      for (let length = bavail * bsize; length >= 1; length = Math.floor(length / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(length), { flag: 'a' });
        } catch {
          // Full already.
        }
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount,
  };
}
