import jsQR from 'jsqr';

/**
 * Decodes the QR code of an SVG with a library that did not draw it. The bars of the path are
 * drawn into a bitmap here; a path of other shapes is refused.
 */
export function readQrCode(svg: string): string | null {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  const path = /<path[^>]* d="([^"]*)"/.exec(svg)?.[1];
  if (width === undefined || height === undefined || path === undefined)
    throw new Error('This is not an SVG of our QR codes.');
  const size = Number(width);
  const pixels = new Uint8ClampedArray(size * Number(height) * 4).fill(255);
  for (const bar of path.split('z').filter((part) => part !== '')) {
    const [, x, y, length] = /^M(\d+),(\d+)h(\d+)v1h-\3$/.exec(bar) ?? [];
    if (x === undefined || y === undefined || length === undefined)
      throw new Error('The path has shapes other than bars.');
    const first = (Number(y) * size + Number(x)) * 4;
    for (let pixel = first; pixel < first + Number(length) * 4; pixel += 4)
      pixels.fill(0, pixel, pixel + 3);
  }
  return readQrPixels({ data: pixels, width: size, height: Number(height) });
}

/** Decodes pixels as a browser drew them: RGBA, row by row. */
export function readQrPixels(image: {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}): string | null {
  return jsQR.default(image.data, image.width, image.height)?.data ?? null;
}
