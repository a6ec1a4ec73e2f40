import { createServerAuth } from '@latchkey/client/server';

const auth = createServerAuth({
  url: process.env['LATCHKEY_URL'] ?? 'http://localhost:4000/graphql',
  secret: process.env['APP_SECRET'] ?? '',
  proxies: 1,
});

export default {
  async fetch(request: Request): Promise<Response> {
    const visit = auth.forRequest(request);
    const session = await visit.getSession();
    const response = new Response(`Hello, ${session?.user.email ?? 'stranger'}`);
    visit.applyTo(response.headers);
    return response;
  },
};
