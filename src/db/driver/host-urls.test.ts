import { describe, expect, it } from 'vitest';
import { hostUrls, joinHosts } from './host-urls.ts';

describe('a URL with several hosts', () => {
  it.each([
    'postgres://u:p@one:5432/db?sslmode=disable',
    'postgres://u:a,b%40c@one/db',
    'postgres://u:a,b@[::1]:5433/d,b',
    'no URL, at all',
    '',
  ])('is none: %s', (text) => {
    expect(hostUrls(text)).toEqual([text]);
  });

  it('is split and joined to the same URL, whatever characters the password has', () => {
    const text = 'postgres://u:a,b@one:5432,two,[::1]:5433/db?sslmode=disable';
    const urls = [
      'postgres://u:a,b@one:5432/db?sslmode=disable',
      'postgres://u:a,b@two/db?sslmode=disable',
      'postgres://u:a,b@[::1]:5433/db?sslmode=disable',
    ];
    expect(hostUrls(text)).toEqual(urls);
    expect(joinHosts(urls)).toBe(text);
    expect(joinHosts(['postgres://one/one', 'postgres://two/one'])).toBe('postgres://one,two/one');
  });
});
