import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a client wanted when it sent the browser; the code stands for it. */
export type AuthorizationRequest = {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly nonce: string | null;
  readonly codeChallenge: string | null;
  readonly scope: string;
  readonly loginHint: string | null;
};

/** Where the provider sends the browser back to; `form` is what is posted there, if anything. */
export type SentBack = { readonly url: string; readonly form: URLSearchParams | null };

export type AuthorizationOptions = {
  readonly clientId: string;
  readonly usesPkce: boolean;
  readonly responseMode: 'query' | 'form_post';
  /** Answers at once, or by a page with one button. */
  readonly page: () => 'at once' | 'button';
  /** Adds to the answer, or spoils it. */
  readonly answer: (parameters: URLSearchParams) => void;
};

/** The endpoint of a provider's double that browsers come to, and the codes that it gives out. */
export function createAuthorizationEndpoint(options: AuthorizationOptions) {
  const codes = new Map<string, AuthorizationRequest>();
  const requests: AuthorizationRequest[] = [];
  return {
    /** Every request with which a browser came. */
    requests,
    /** Answers a request to the endpoint. */
    visit: (request: IncomingMessage, response: ServerResponse): void => {
      const { searchParams } = new URL(request.url ?? '', 'http://provider.test');
      const problem = problemOf(searchParams, options);
      if (problem !== null) {
        response.writeHead(400).end(problem);
        return;
      }
      if (request.method === 'GET') requests.push(readRequest(searchParams));
      if (options.page() === 'button' && request.method === 'GET') {
        const button = '<form method="post"><button>Continue</button></form>';
        sendPage(response, `<h1>Another provider</h1>${button}`);
        return;
      }
      request.resume();
      const code = randomBytes(16).toString('base64url');
      codes.set(code, readRequest(searchParams));
      const parameters = new URLSearchParams({ code });
      const state = searchParams.get('state');
      if (state !== null) parameters.set('state', state);
      options.answer(parameters);
      sendBack(response, searchParams.get('redirect_uri') ?? '', parameters, options.responseMode);
    },
    /** The request of a code, once; null where the code or the verifier is not right (RFC 7636). */
    redeem: (form: URLSearchParams): AuthorizationRequest | null => {
      const code = form.get('code') ?? '';
      const asked = codes.get(code);
      codes.delete(code);
      if (!asked || form.get('redirect_uri') !== asked.redirectUri) return null;
      if (form.get('grant_type') !== 'authorization_code') return null;
      const verifier = form.get('code_verifier');
      const challenge = verifier === null ? null : s256(verifier);
      return challenge === asked.codeChallenge ? asked : null;
    },
  };
}

/** Without a browser: from the address that it is sent to, to where it is sent back. */
export async function pressContinue(authorizationUrl: string): Promise<SentBack> {
  const first = await fetch(authorizationUrl, { redirect: 'manual' });
  const page = first.status === 200 ? await first.text() : '';
  const isButton = page.includes('<button>Continue');
  const answer = isButton
    ? await fetch(authorizationUrl, { method: 'POST', redirect: 'manual' })
    : first;
  const location = answer.headers.get('location');
  if (location !== null) return { url: location, form: null };
  const text = isButton ? await answer.text() : page;
  const [, action] = /action="([^"]*)"/.exec(text) ?? [];
  if (action === undefined) throw new Error(`The provider answered ${answer.status}: ${text}`);
  const fields = [...text.matchAll(/name="([^"]*)" value="([^"]*)"/g)];
  const form = new URLSearchParams();
  for (const [, name = '', value = ''] of fields) form.append(name, unescapeHtml(value));
  return { url: unescapeHtml(action), form };
}

/** A double's server on loopback; an error of `handle` becomes a 500. */
export async function listenAsProvider(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ readonly origin: string; stop(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The client's id and secret, as posted or by HTTP Basic (RFC 6749 2.3.1). */
export function clientOf(
  request: IncomingMessage,
  form: URLSearchParams,
): { readonly id: string | null; readonly secret: string | null } {
  const [, basic] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (basic === undefined) return { id: form.get('client_id'), secret: form.get('client_secret') };
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
  const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
  return { id: decoded(id), secret: decoded(secret) };
}

/** Why a request to sign in is refused: a client that asks without S256 goes no further. */
function problemOf(parameters: URLSearchParams, options: AuthorizationOptions): string | null {
  const get = (name: string): string => parameters.get(name) ?? '';
  if (get('client_id') !== options.clientId) return 'unknown client';
  if (get('response_type') !== 'code') return 'response_type';
  if (!URL.canParse(get('redirect_uri'))) return 'redirect_uri';
  if (!options.usesPkce) return parameters.has('code_challenge') ? 'code_challenge' : null;
  if (get('code_challenge_method') !== 'S256') return 'code_challenge_method';
  return /^[\w-]{43}$/.test(get('code_challenge')) ? null : 'code_challenge';
}

function readRequest(parameters: URLSearchParams): AuthorizationRequest {
  return {
    clientId: parameters.get('client_id') ?? '',
    redirectUri: parameters.get('redirect_uri') ?? '',
    state: parameters.get('state'),
    nonce: parameters.get('nonce'),
    codeChallenge: parameters.get('code_challenge'),
    scope: parameters.get('scope') ?? '',
    loginHint: parameters.get('login_hint'),
  };
}

function sendBack(
  response: ServerResponse,
  redirectUri: string,
  parameters: URLSearchParams,
  mode: 'query' | 'form_post',
): void {
  if (mode === 'query') {
    const url = new URL(redirectUri);
    for (const [name, value] of parameters) url.searchParams.append(name, value);
    response.writeHead(303, { location: url.href }).end();
    return;
  }
  const fields = [...parameters]
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)
    .join('');
  const form = `<form method="post" action="${escapeHtml(redirectUri)}">${fields}</form>`;
  sendPage(response, `${form}<script>document.forms[0].submit()</script>`);
}

function sendPage(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><html lang="en"><title>Another provider</title>${body}</html>`);
}

function s256(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function unescapeHtml(text: string): string {
  return text.replace(/&#(\d+);/g, (_match, code) => String.fromCharCode(Number(code)));
}
