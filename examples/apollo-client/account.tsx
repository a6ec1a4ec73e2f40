import { gql, type TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { type AccountData, accountQuery } from '../pages/account-query.ts';
import { ChoosePassword } from '../pages/choose-password.tsx';
import { LinkedAccounts } from '../pages/linked-accounts.tsx';
import { Passkeys } from '../pages/passkeys.tsx';
import { Sessions } from '../pages/sessions.tsx';
import { Totp } from '../pages/totp.tsx';

const document: TypedDocumentNode<AccountData> = gql(accountQuery);

/** What the signed-in user sees, read through Apollo Client. */
export function Account() {
  const { data, error, refetch } = useQuery(document);
  if (error) return <p role="alert">{error.message}</p>;
  if (!data?.account) return <p role="status">One moment …</p>;
  const { user, hasPassword, totpEnabled, passkeys, identities, sessions } = data.account;
  return (
    <>
      <h1>Hello, {user.name ?? user.email}</h1>
      {!hasPassword && <ChoosePassword onChange={refetch} />}
      <Sessions sessions={sessions.edges.map(({ node }) => node)} onChange={refetch} />
      <LinkedAccounts identities={identities} onChange={refetch} />
      <Passkeys passkeys={passkeys} onChange={refetch} />
      <Totp enabled={totpEnabled} onChange={refetch} />
    </>
  );
}
