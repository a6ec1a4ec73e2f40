import { describe, expect, it } from 'vitest';
import { showProgress } from './progress.ts';

const counts = { imported: 7, existing: 2, refused: 1 };

function streamOf(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => void written.push(text) };
}

describe('the progress of an import', () => {
  it('writes only whole lines to a file or a pipe', () => {
    const stream = streamOf(false);
    const progress = showProgress(stream, () => 0.5);
    progress.show(counts);
    progress.print('line 3: email is invalid');
    progress.show(counts);
    progress.stop();
    expect(stream.written).toEqual(['line 3: email is invalid\n']);
  });

  it('is one line of a terminal, below the permanent lines', () => {
    const stream = streamOf(true);
    let read = 0;
    const progress = showProgress(stream, () => read);
    progress.show(counts);
    progress.print('line 3: email is invalid');
    read = 0.999;
    progress.show({ ...counts, imported: 8 });
    progress.stop();
    progress.stop();
    expect(stream.written.map((text) => text.replace('\r\u001b[K', '<'))).toEqual([
      '<0% read, 7 imported, 2 existing, 1 left out',
      '<line 3: email is invalid\n',
      '<99% read, 8 imported, 2 existing, 1 left out',
      '\n',
    ]);
  });

  it('shows no percentage when the length of the input is unknown', () => {
    const stream = streamOf(true);
    showProgress(stream, () => null).show(counts);
    expect(stream.written).toEqual(['\r\u001b[K7 imported, 2 existing, 1 left out']);
  });
});
