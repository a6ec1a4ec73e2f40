import type { ImportCounts } from '../domain/import/import-users.ts';

export type Progress = {
  readonly show: (counts: ImportCounts) => void;
  /** Writes a permanent line above the progress. */
  readonly print: (line: string) => void;
  readonly stop: () => void;
};

type Terminal = { readonly isTTY?: boolean; write(text: string): unknown };

/** Moves to the start of the line and clears it. */
const overwrite = '\r\u001b[K';

/**
 * One line that is overwritten, when the stream is a terminal. `read` returns which part of the
 * input has been read, from 0 to 1; null when its length is unknown.
 */
export function showProgress(stream: Terminal, read: () => number | null): Progress {
  if (!stream.isTTY)
    return { show: () => {}, print: (line) => void stream.write(`${line}\n`), stop: () => {} };
  let isShown = false;
  return {
    show: ({ imported, existing, refused }) => {
      const part = read();
      const percent = part === null ? '' : `${Math.floor(part * 100)}% read, `;
      const counts = `${imported} imported, ${existing} existing, ${refused} left out`;
      stream.write(`${overwrite}${percent}${counts}`);
      isShown = true;
    },
    print: (line) => {
      stream.write(`${overwrite}${line}\n`);
      isShown = false;
    },
    stop: () => {
      if (isShown) stream.write('\n');
      isShown = false;
    },
  };
}
