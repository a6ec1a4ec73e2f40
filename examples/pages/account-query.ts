import type { AuthSession, Passkey, User } from '@latchkey/client';
import type { LinkedAccount } from './linked-accounts.tsx';

/** What the account page queries, with either client. */
export const accountQuery = `
  query Account {
    account {
      user { id name email }
      hasPassword
      totpEnabled
      passkeys { id name createdAt lastUsedAt }
      identities { id label createdAt lastUsedAt provider { id name } }
      sessions(first: 50) {
        edges { node { id device lastUsedAt current } }
      }
    }
  }
`;

export type AccountData = {
  readonly account: {
    readonly user: Pick<User, 'id' | 'name' | 'email'>;
    readonly hasPassword: boolean;
    readonly totpEnabled: boolean;
    readonly passkeys: readonly Pick<Passkey, 'id' | 'name' | 'createdAt' | 'lastUsedAt'>[];
    readonly identities: readonly LinkedAccount[];
    readonly sessions: {
      readonly edges: readonly {
        readonly node: Pick<AuthSession, 'id' | 'device' | 'lastUsedAt' | 'current'>;
      }[];
    };
  } | null;
};
