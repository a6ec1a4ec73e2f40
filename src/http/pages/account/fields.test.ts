import { describe, expect, it } from 'vitest';
import { readForm } from './fields.ts';

describe('the fields of a form', () => {
  it('PW-6 leave out what was sent twice, and bytes that are no UTF-8', () => {
    expect(readForm('a=1&a=2&b=%FF&c=caf%E9%20x&d=\uFFFD')).toEqual({});
    expect(readForm(Buffer.from('a=\xFF&b=x', 'latin1').toString())).toEqual({ b: 'x' });
  });

  it('are taken as they are otherwise', () => {
    expect(readForm('a=b+c%2Bd&e=&f&g[]=h')).toEqual({ a: 'b c+d', e: '', f: '', 'g[]': 'h' });
    expect(Object.entries(readForm('__proto__=x&toString=y'))).toEqual([
      ['__proto__', 'x'],
      ['toString', 'y'],
    ]);
    expect(readForm('')).toEqual({});
  });
});
