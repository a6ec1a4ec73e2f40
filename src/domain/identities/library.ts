/**
 * openid-client and oauth4webapi, on which it stands, loaded with the first sign-in by another
 * provider: servers without any need not hold them in memory.
 */
export async function loadOpenIdClient() {
  const [openid, oauth] = await Promise.all([import('openid-client'), import('oauth4webapi')]);
  return { openid, oauth };
}

export type OpenIdClient = Awaited<ReturnType<typeof loadOpenIdClient>>;
