import type { IncomingMessage } from 'node:http';

/**
 * What Latchkey is told of the gateway's caller: the user for whom the gateway speaks, and the
 * address, browser and language, which its limits, lists of sessions and mails need. The address is
 * appended to what proxies before the gateway wrote, as each proxy does.
 */
export function callerHeaders({ headers, socket }: IncomingMessage): Record<string, string> {
  const hops = [headers['x-forwarded-for'], socket.remoteAddress].flat();
  const forwarded = {
    authorization: headers.authorization,
    'user-agent': headers['user-agent'],
    'accept-language': headers['accept-language'],
    'x-forwarded-for': hops.filter((hop) => hop !== undefined).join(', '),
  };
  return Object.fromEntries(
    Object.entries(forwarded).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
}
