import { renderSVG, renderUnicodeCompact } from 'uqr';

/**
 * A QR code as an SVG picture for a screen: black squares on white with the quiet zone of ISO/IEC
 * 18004, no text, no script, no link.
 */
export function renderQrCode(text: string): string {
  return renderSVG(text, { ecc: 'L', border: 4, pixelSize: 1 });
}

/** The same in characters, for a terminal with light text on a dark background. */
export function renderTerminalQrCode(text: string): string {
  return renderUnicodeCompact(text, { ecc: 'L', border: 2 });
}
