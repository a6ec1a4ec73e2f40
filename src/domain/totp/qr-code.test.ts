import { describe, expect, it } from 'vitest';
import { readQrCode } from '../../testing/qr-code.ts';
import { renderQrCode } from './qr-code.ts';
import { otpauthUri } from './totp.ts';

const secret = Buffer.from('12345678901234567890');

describe('renderQrCode', () => {
  it('draws only shapes: no text, script, link, style or handler', () => {
    const svg = renderQrCode('otpauth://totp/<script>alert(1)</script>?"onload=x');
    const root = /<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+">/.source;
    const background = /<rect fill="white" width="\d+" height="\d+"\/>/.source;
    const squares = /<path fill="black" d="[Mhvz\d,-]+"\/>/.source;
    expect(svg).toMatch(new RegExp(`^${root}${background}${squares}</svg>$`));
  });

  it.each([
    'ada@example.com',
    `${'x'.repeat(240)}@example.com`,
    'Ada Lovelace (Zürich) 🔑',
    'ü'.repeat(100),
  ])('is read by another program as the address that went in (case %#)', (label) => {
    const uri = otpauthUri({ issuer: 'Latchkey', label, secret });
    expect(readQrCode(renderQrCode(uri))).toBe(uri);
  });
});
