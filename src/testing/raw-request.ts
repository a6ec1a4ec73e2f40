import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type RawAnswer = { readonly status: number; readonly text: string };

/**
 * Sends exactly these bytes over a new connection, in parts where there are several, and reads
 * until the server closes it or for `wait` milliseconds.
 */
export async function sendRaw(
  url: string,
  bytes: string | Buffer | readonly Buffer[],
  wait = 2000,
): Promise<RawAnswer> {
  const socket = await openSocket(url);
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const timer = setTimeout(() => socket.destroy(), wait);
  const [first = '', ...later] =
    typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes;
  socket.write(first);
  for (const part of later) {
    if (part.length === 0) continue;
    await sleep(50);
    socket.write(part);
  }
  await closed;
  clearTimeout(timer);
  const text = Buffer.concat(parts).toString();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** A bare connection to the server. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}
