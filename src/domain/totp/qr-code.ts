import { encode, renderUnicodeCompact } from 'uqr';

/**
 * A QR code as an SVG picture for a screen: black bars on white with the quiet zone of ISO/IEC
 * 18004, no text, no script, no link. A bar for each run of squares weighs half of what the
 * library's own picture does.
 */
export function renderQrCode(text: string): string {
  const { data, size } = encode(text, { ecc: 'L', border: 4 });
  const path = data.map((row, y) => bars(row, y)).join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}">` +
    `<rect fill="white" width="${size}" height="${size}"/><path fill="black" d="${path}"/></svg>`
  );
}

function bars(row: readonly boolean[], y: number): string {
  const squares = row.map((isBlack) => (isBlack ? '1' : '0')).join('');
  return [...squares.matchAll(/1+/g)]
    .map(({ 0: { length }, index }) => `M${index},${y}h${length}v1h-${length}z`)
    .join('');
}

/** The same in characters, for a terminal with light text on a dark background. */
export function renderTerminalQrCode(text: string): string {
  return renderUnicodeCompact(text, { ecc: 'L', border: 2 });
}
