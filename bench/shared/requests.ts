/** A whole GraphQL request as it goes over the wire, for shared/load.ts. */
export function graphqlRequest(
  body: { readonly query: string; readonly variables?: object },
  headers: Readonly<Record<string, string>> = {},
): string {
  return postRequest('/graphql', body, {
    accept: 'application/graphql-response+json, application/json;q=0.9',
    ...headers,
  });
}

export function postRequest(
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

export function getRequest(path: string, token: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`;
}

export function meRequest(accessToken: string): string {
  return graphqlRequest(
    { query: '{ me { id email name } }' },
    { authorization: `Bearer ${accessToken}` },
  );
}
