import { type IncomingHttpHeaders, request } from 'node:http';
import type { TestServer } from './app.ts';
import { type Cookie, CookieJar } from './cookie-jar.ts';
import { type FilledForm, fillIn } from './page-form.ts';
import { attribute, type Element, elementsOf, textOf } from './page-html.ts';

/** What a browser shows after it has followed every redirect. */
export type ShownPage = {
  readonly status: number;
  /** Path and query; of another origin, the whole address, which was not asked for. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly html: string;
  /** What a reader sees of the document. */
  readonly text: string;
  readonly title: string;
  readonly elements: readonly Element[];
  /** The statuses and addresses on the way here. */
  readonly redirects: readonly { readonly status: number; readonly url: string }[];
};

/** A browser without scripts. */
export type PageBrowser = {
  /** As it is shown now. */
  readonly page: ShownPage;
  readonly cookies: readonly Cookie[];
  /** Opens an address, as if it was typed; `from` is a page whose link leads there. */
  get(path: string, options?: Sent): Promise<ShownPage>;
  /** Follows a link of the page, by its text. */
  follow(text: string): Promise<ShownPage>;
  /**
   * Fills in the form that has a button of this value or text, and presses it. With `unchecked`
   * what a browser holds back is sent too.
   */
  send(
    button: string,
    fields?: Readonly<Record<string, string>>,
    options?: Sent & { readonly unchecked?: boolean },
  ): Promise<ShownPage>;
  /** What the field holds on the page. */
  value(field: string): string | undefined;
  /** Takes one cookie away; the name as the server wrote it. */
  dropCookie(name: string): void;
  /** Another tab: the same cookies from now on. */
  tab(): PageBrowser;
  /** Another browser with the cookies that this one has now. */
  copy(): PageBrowser;
};

export type BrowserOptions = {
  /** For `Accept-Language`. */
  readonly language?: string;
  readonly userAgent?: string;
};

type Sent = {
  /** The origin of another site's page. */
  readonly from?: string;
  /** In place of what the browser sends at first; undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

/** More hops than any page needs; a browser gives up too. */
const mostHops = 10;

/** Opens a browser at the server's PUBLIC_URL, wherever the test's server listens. */
export function openBrowser(
  server: Pick<TestServer, 'url' | 'app' | 'clock'>,
  options: BrowserOptions = {},
): PageBrowser {
  return new Browser(server, options, new CookieJar(server.clock));
}

type Server = Pick<TestServer, 'url' | 'app' | 'clock'>;

/** One navigation. */
type Hop = {
  readonly method: string;
  readonly url: URL;
  readonly body?: string;
  /** The body's; a form's own unless set. */
  readonly type?: string;
  /** The origin of the page that leads here; null for an address that was typed. */
  readonly initiator: string | null;
  readonly headers: Readonly<Record<string, string | undefined>>;
};

type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly html: string;
};

class Browser implements PageBrowser {
  #page: ShownPage | undefined;
  readonly #server: Server;
  readonly #options: BrowserOptions;
  readonly #jar: CookieJar;

  constructor(server: Server, options: BrowserOptions, jar: CookieJar) {
    this.#server = server;
    this.#options = options;
    this.#jar = jar;
  }

  get page(): ShownPage {
    if (this.#page === undefined) throw new Error('The browser has opened nothing yet.');
    return this.#page;
  }

  get cookies(): readonly Cookie[] {
    return this.#jar.list();
  }

  get(path: string, { from, headers = {} }: Sent = {}): Promise<ShownPage> {
    const url = new URL(path, this.#ownUrl);
    return this.#navigate({ method: 'GET', url, initiator: from ?? null, headers });
  }

  follow(text: string): Promise<ShownPage> {
    const links = this.page.elements.filter(({ tagName }) => tagName === 'a');
    const link = links.find((one) => textOf(one) === text);
    if (link === undefined)
      throw new Error(`There is no link "${text}", only ${links.map(textOf).join(', ')}.`);
    const url = new URL(attribute(link, 'href') ?? '', this.#pageUrl);
    return this.#navigate({ method: 'GET', url, initiator: this.#ownUrl.origin, headers: {} });
  }

  send(
    button: string,
    fields: Readonly<Record<string, string>> = {},
    { from, headers = {}, unchecked = false }: Sent & { readonly unchecked?: boolean } = {},
  ): Promise<ShownPage> {
    const form = fillIn(this.page.elements, button, { fields, unchecked });
    const initiator = from ?? this.#ownUrl.origin;
    return this.#navigate({ ...this.#formHop(form), initiator, headers });
  }

  value(field: string): string | undefined {
    const input = this.page.elements.find((one) => attribute(one, 'name') === field);
    return input && attribute(input, 'value');
  }

  dropCookie(name: string): void {
    this.#jar.drop(name);
  }

  tab(): PageBrowser {
    return new Browser(this.#server, this.#options, this.#jar);
  }

  copy(): PageBrowser {
    const other = new Browser(this.#server, this.#options, this.#jar.copy());
    other.#page = this.#page;
    return other;
  }

  get #ownUrl(): URL {
    return new URL(this.#server.app.config.publicUrl);
  }

  get #pageUrl(): URL {
    return new URL(this.page.url, this.#ownUrl);
  }

  #formHop({
    method,
    action,
    fields,
    isMultipart,
  }: FilledForm): Pick<Hop, 'method' | 'url' | 'body' | 'type'> {
    const url = new URL(action, this.#pageUrl);
    if (method === 'POST' && isMultipart) {
      const body = multipart(fields);
      return { method, url, body, type: `multipart/form-data; boundary=${boundary}` };
    }
    if (method === 'POST') return { method, url, body: fields.toString() };
    url.search = fields.toString();
    return { method, url };
  }

  /** Follows redirects, and pages that go on by themselves. */
  async #navigate(first: Hop): Promise<ShownPage> {
    const redirects: { status: number; url: string }[] = [];
    for (let hop = first; redirects.length <= mostHops; ) {
      if (hop.url.origin !== this.#ownUrl.origin) {
        const empty = { status: 0, headers: {}, html: '' };
        return this.#show(empty, hop.url.href, redirects);
      }
      const answer = await this.#ask(hop);
      const next = nextHop(hop, answer);
      const url = hop.url.pathname + hop.url.search;
      if (next === null) return this.#show(answer, url, redirects);
      redirects.push({ status: answer.status, url });
      hop = next;
    }
    throw new Error(`It goes round: ${redirects.map(({ url }) => url).join(' ')}`);
  }

  #show(answer: Answer, url: string, redirects: ShownPage['redirects']): ShownPage {
    const elements = elementsOf(answer.html);
    const title = elements.find(({ tagName }) => tagName === 'title');
    const body = elements.find(({ tagName }) => tagName === 'body');
    this.#page = {
      ...answer,
      url,
      elements,
      redirects,
      title: title ? textOf(title) : '',
      text: body ? textOf(body) : '',
    };
    return this.#page;
  }

  async #ask(hop: Hop): Promise<Answer> {
    const answer = await exchange(this.#server.url, hop, this.#headers(hop));
    this.#jar.take(answer.headers['set-cookie'] ?? []);
    return answer;
  }

  #headers({ method, url, body, type, initiator, headers }: Hop): Record<string, string> {
    const own = this.#ownUrl;
    const isCrossSite = initiator !== null && new URL(initiator).origin !== own.origin;
    const isSecure = own.protocol === 'https:';
    const site = initiator === null ? 'none' : isCrossSite ? 'cross-site' : 'same-origin';
    const all = {
      host: own.host,
      accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'accept-language': this.#options.language ?? 'en',
      'user-agent': this.#options.userAgent ?? 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
      'sec-fetch-site': site,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      cookie: this.#jar.header({ path: url.pathname, isSecure, isCrossSite }),
      origin: method === 'GET' ? undefined : (initiator ?? 'null'),
      'content-type': body === undefined ? undefined : (type ?? urlEncoded),
      'content-length': body === undefined ? undefined : String(Buffer.byteLength(body)),
      // What a proxy with TLS adds; the test's server trusts this machine then.
      'x-forwarded-proto': isSecure ? 'https' : undefined,
      ...headers,
    };
    return Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }
}

const urlEncoded = 'application/x-www-form-urlencoded';
const boundary = 'a-boundary-of-this-browser';

/** RFC 7578. */
function multipart(fields: URLSearchParams): string {
  const parts = [...fields].map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join('')}--${boundary}--\r\n`;
}

/** Where an answer leads on: 303 without the form, 307 with it, `refresh` from our own page. */
function nextHop(hop: Hop, { status, headers, html }: Answer): Hop | null {
  const { location } = headers;
  if (location !== undefined) {
    const url = new URL(location, hop.url);
    const { body: _, ...without } = hop;
    return status === 307 || status === 308
      ? { ...hop, url, headers: {} }
      : { ...without, method: hop.method === 'HEAD' ? 'HEAD' : 'GET', url, headers: {} };
  }
  const refresh = elementsOf(html).find((one) => attribute(one, 'http-equiv') === 'refresh');
  const target = refresh && /^\d+;\s*url=(.*)$/i.exec(attribute(refresh, 'content') ?? '')?.[1];
  if (target === undefined) return null;
  const url = new URL(target, hop.url);
  return { method: 'GET', url, initiator: hop.url.origin, headers: {} };
}

/** Node's fetch takes no Host of one's own. */
function exchange(
  serverUrl: string,
  { method, url, body }: Hop,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = new URL(url.pathname + url.search, serverUrl);
    const outgoing = request(target, { method, headers }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          html: Buffer.concat(parts).toString(),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
