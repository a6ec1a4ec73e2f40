import type { Egress } from '../egress/egress.ts';
import { createEgress } from '../egress/egress.ts';
import type { SentBack } from './authorization-endpoint.ts';
import type { Json, Lies, TestIdentityProvider } from './identity-provider.ts';

/** A double that goes by a name of the Internet, which no test may dial. */
export type NamedProvider = {
  readonly issuer: string;
  readonly lies: Lies;
  /** Calls to that name come to the double; those for which `inside` is true go their own way. */
  egress(way?: { readonly inside: (path: string) => boolean; readonly egress: Egress }): Egress;
  press(authorizationUrl: string): Promise<SentBack>;
};

/** `folder`: what stands before the double's own paths, such as Microsoft's tenant. */
export function named(
  double: TestIdentityProvider,
  { origin, issuer = origin, folder = '' }: { origin: string; issuer?: string; folder?: string },
): NamedProvider {
  const local = createEgress({ allowLoopback: true });
  const pathOf = (url: string): string => {
    const { pathname, search } = new URL(url);
    return `${pathname.replace(folder, '')}${search}`;
  };
  return {
    issuer,
    lies: {
      discovery: (document: Json) => {
        const promise = { authorization_response_iss_parameter_supported: false };
        const text = JSON.stringify({ ...document, ...promise, issuer });
        return JSON.parse(text.replaceAll(double.issuer, `${origin}${folder}`));
      },
      claims: (claims) => ({ ...claims, iss: issuer }),
      callback: (parameters) => parameters.delete('iss'),
    },
    egress: (way) => ({
      request: (request) => {
        const path = pathOf(request.url);
        if (new URL(request.url).origin !== origin || way?.inside(path))
          return (way?.egress ?? local).request(request);
        return local.request({ ...request, url: `${double.issuer}${path}` });
      },
    }),
    press: (url) => double.press(`${double.issuer}${pathOf(url)}`),
  };
}
