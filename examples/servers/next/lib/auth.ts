import { createServerAuth, type RequestAuth } from '@latchkey/client/server';
import { cookies, headers } from 'next/headers';

export const auth = createServerAuth({
  url: process.env.LATCHKEY_URL ?? 'http://localhost:4000/graphql',
  secret: process.env.APP_SECRET ?? '',
  proxies: 1,
});

/** For server components, which cannot set cookies. */
export const currentAuth = async () => auth.forRender({ headers: await headers() });

/** For server actions: what they change of the session is in the answer's cookie. */
export async function withAuth<T>(act: (request: RequestAuth) => Promise<T>): Promise<T> {
  const request = auth.forRequest({ headers: await headers() });
  const result = await act(request);
  const cookie = request.cookie();
  if (cookie) (await cookies()).set(cookie);
  return result;
}
