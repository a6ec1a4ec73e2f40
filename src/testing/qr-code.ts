import jsQR from 'jsqr';

/**
 * What the QR code in an SVG says, read by a program that did not draw it. The picture's squares
 * are filled into a bitmap by hand; a path of anything but squares is refused.
 */
export function readQrCode(svg: string): string | null {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  const path = /<path[^>]* d="([^"]*)"/.exec(svg)?.[1];
  if (width === undefined || height === undefined || path === undefined)
    throw new Error('This is no QR code of ours.');
  const size = Number(width);
  const pixels = new Uint8ClampedArray(size * Number(height) * 4).fill(255);
  for (const square of path.split('z').filter((part) => part !== '')) {
    const [, x, y, side] = /^M(\d+),(\d+)h(\d+)v\3h-\3$/.exec(square) ?? [];
    if (x === undefined || y === undefined || side === undefined)
      throw new Error('The path holds more than squares.');
    for (let row = 0; row < Number(side); row += 1) {
      for (let column = 0; column < Number(side); column += 1) {
        const pixel = ((Number(y) + row) * size + Number(x) + column) * 4;
        pixels.fill(0, pixel, pixel + 3);
      }
    }
  }
  return readQrPixels({ data: pixels, width: size, height: Number(height) });
}

/** The same for pixels as a browser drew them: RGBA, row by row. */
export function readQrPixels(image: {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}): string | null {
  return jsQR.default(image.data, image.width, image.height)?.data ?? null;
}
