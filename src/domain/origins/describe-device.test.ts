import { describe, expect, it } from 'vitest';
import { describeDevice } from './describe-device.ts';

describe('the device of a session', () => {
  it.each([null, '', 'node', 'x'.repeat(500)])(
    'is null where nothing is known of it (%s)',
    (userAgent) => {
      expect(describeDevice(userAgent)).toBeNull();
    },
  );

  it('is the browser and the system', () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';
    expect(describeDevice(firefox)).toBe('Firefox on Linux');
  });

  it('is described for each User-Agent, however many are cached', () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';
    for (let version = 0; version < 1100; version += 1) {
      const system = `Windows NT 10.0; rv:${version}.0`;
      const windows = `Mozilla/5.0 (${system}) Gecko/20100101 Firefox/${version}.0`;
      expect(describeDevice(windows)).toBe('Firefox on Windows');
      expect(describeDevice(`node ${version}`)).toBeNull();
      expect(describeDevice(firefox)).toBe('Firefox on Linux');
    }
  });
});
