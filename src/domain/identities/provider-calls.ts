import type { CustomFetch } from 'openid-client';
import type { Egress, EgressAnswer } from '../../egress/egress.ts';
import { ProviderFault } from './provider-fault.ts';

/**
 * Milliseconds that a sign-in waits for its provider, whatever it takes to ask (ID-20): less than
 * an operation may take, which would otherwise end first and say that this server is busy.
 */
export const providerDeadline = 4000;

/** What is left of the time of one sign-in. */
export type Deadline = { leftMs(): number };

export function startDeadline(): Deadline {
  const end = performance.now() + providerDeadline;
  return {
    leftMs: () => {
      const left = Math.ceil(end - performance.now());
      if (left <= 0) throw new ProviderFault('call: timeout');
      return left;
    },
  };
}

/** The fetch that the libraries call providers with: the egress client's, within the deadline. */
export function fetchWithin(egress: Egress, deadline: Deadline): CustomFetch {
  return async (url, { method, headers, body }) => {
    const answer = await egress.request({
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      deadlineMs: deadline.leftMs(),
    });
    return toResponse(answer);
  };
}

export function toResponse({ status, headers, body }: EgressAnswer): Response {
  const type = headers['content-type'];
  const challenge = headers['www-authenticate'];
  // Only 200 has a body that is read; others may not have one (Fetch, null body status).
  const content = status === 200 || (status >= 400 && status < 600) ? new Uint8Array(body) : null;
  if (status < 200 || status > 599) throw new ProviderFault('status of the answer');
  return new Response(content, {
    status,
    headers: {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    },
  });
}

/** The JSON object of an answer. */
export function readObject({ status, body }: EgressAnswer, of: string): Record<string, unknown> {
  const json = readJson({ status, body }, of);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ProviderFault(`${of}: no JSON object`);
  return json as Record<string, unknown>;
}

export function readJson({ status, body }: Pick<EgressAnswer, 'status' | 'body'>, of: string) {
  if (status !== 200) throw new ProviderFault(`${of}: status ${status}`);
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new ProviderFault(`${of}: no JSON`);
  }
}
