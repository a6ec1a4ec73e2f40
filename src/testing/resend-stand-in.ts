import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * How the stand-in responds: accepts the mail, answers with an error status, does not answer, or
 * accepts the mail without answering.
 */
export type ResendBehaviour =
  | 'take'
  | 'hang'
  | 'take-and-hang'
  | {
      readonly status: number;
      readonly retryAfter?: number | string;
      readonly name?: string;
      readonly message?: string;
    };

export type ResendRequest = {
  readonly idempotencyKey: string;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
};

export type ResendStandIn = {
  readonly url: string;
  /** The requests received, in order. */
  readonly requests: ResendRequest[];
  /** The mails that Resend would deliver: one for each idempotency key within a day. */
  readonly mails: Map<string, Record<string, unknown>>;
  /** The requests that were in flight at a time, at most, since `behave` was called. */
  atOnce(): number;
  behave(behaviour: ResendBehaviour): void;
  close(): Promise<void>;
};

/** A loopback stand-in for Resend's POST /emails, with its idempotency. */
export async function startResendStandIn(): Promise<ResendStandIn> {
  const requests: ResendRequest[] = [];
  const mails = new Map<string, Record<string, unknown>>();
  let behaviour: ResendBehaviour = 'take';

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await text(request);
    const body: Record<string, unknown> = JSON.parse(raw);
    const idempotencyKey = String(request.headers['idempotency-key']);
    requests.push({ idempotencyKey, authorization: String(request.headers.authorization), body });
    const reply = (status: number, data: unknown, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(data));
    };

    if (request.method !== 'POST' || request.url !== '/emails')
      return reply(404, { name: 'not_found', statusCode: 404 });
    if (typeof behaviour === 'object') {
      const headers =
        behaviour.retryAfter === undefined ? {} : { 'retry-after': String(behaviour.retryAfter) };
      const error = {
        name: behaviour.name ?? 'application_error',
        statusCode: behaviour.status,
        message: behaviour.message ?? `Refused: ${raw}`,
      };
      return reply(behaviour.status, error, headers);
    }
    if (behaviour === 'hang') return;
    const known = mails.get(idempotencyKey);
    if (known && JSON.stringify(known) !== raw)
      return reply(409, { name: 'invalid_idempotent_request', statusCode: 409, message: '' });
    mails.set(idempotencyKey, body);
    if (behaviour === 'take') reply(200, { id: idempotencyKey });
  };

  let inFlight = 0;
  let atOnce = 0;
  const server = createServer((request, response) => {
    inFlight += 1;
    atOnce = Math.max(atOnce, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    mails,
    atOnce: () => atOnce,
    behave: (next) => {
      behaviour = next;
      atOnce = inFlight;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
