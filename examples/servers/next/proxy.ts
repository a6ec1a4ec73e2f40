import { type NextRequest, NextResponse } from 'next/server';
import { auth } from './lib/auth';

/** Refreshes before anything renders, and hands the new cookie to both sides. */
export async function proxy(request: NextRequest) {
  const visit = auth.forRequest(request);
  // Where Latchkey cannot be reached, the page says so; the cookie stays.
  await visit.getSession().catch(() => null);
  const response = NextResponse.next({ request: { headers: visit.requestHeaders() } });
  visit.applyTo(response.headers);
  return response;
}

export const config = { matcher: '/((?!_next/).*)' };
