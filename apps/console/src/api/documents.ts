import { gql, type TypedDocumentNode } from '@apollo/client';
import type { AuthSession, UserStatus } from '@latchkey/client';

/** A person as lists and events name them; of a deleted user the id is left. */
export type PersonData = {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
};

export type PageInfo = { readonly hasNextPage: boolean; readonly endCursor: string | null };

export type Connection<Node> = {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: PageInfo;
};

export type UserRow = PersonData & {
  readonly status: UserStatus | null;
  readonly roles: readonly string[] | null;
  readonly createdAt: string | null;
  readonly lastLoginAt: string | null;
};

// Without `totalCount`: counting a million users takes longer than all the rest.
export const usersDocument: TypedDocumentNode<
  { readonly users: Connection<UserRow> },
  {
    readonly first: number;
    readonly after: string | null;
    readonly search: string | null;
    readonly status: UserStatus | null;
  }
> = gql`
  query ConsoleUsers($first: Int!, $after: String, $search: String, $status: UserStatus) {
    users(first: $first, after: $after, search: $search, status: $status) {
      edges { node { id name email status roles createdAt lastLoginAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

export type Identity = {
  readonly id: string;
  readonly provider: { readonly id: string; readonly name: string };
  readonly label: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
};

export type Metadata = Readonly<Record<string, unknown>>;

export type UserDetails = UserRow & {
  readonly emailVerified: boolean | null;
  readonly suspendedUntil: string | null;
  readonly publicMetadata: Metadata | null;
  readonly adminMetadata: Metadata | null;
  readonly hasPassword: boolean | null;
  readonly totpEnabled: boolean | null;
  readonly recoveryCodesLeft: number | null;
  readonly passkeyCount: number | null;
  readonly identities: readonly Identity[] | null;
  readonly sessions: Connection<SessionRow> | null;
};

export type SessionRow = Pick<
  AuthSession,
  'id' | 'createdAt' | 'lastUsedAt' | 'ipAddress' | 'device' | 'current'
>;

export const userDocument: TypedDocumentNode<
  { readonly user: UserDetails | null },
  { readonly id: string; readonly sessions: number }
> = gql`
  query ConsoleUser($id: ID!, $sessions: Int!) {
    user(id: $id) {
      id name email emailVerified status suspendedUntil roles createdAt lastLoginAt
      publicMetadata adminMetadata
      hasPassword totpEnabled recoveryCodesLeft passkeyCount
      identities { id provider { id name } label createdAt lastUsedAt }
      sessions(first: $sessions) {
        edges { node { id createdAt lastUsedAt ipAddress device current } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`;

export type Event = {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly outcome: string;
  readonly actor: PersonData | null;
  readonly subject: PersonData | null;
  readonly ipAddress: string | null;
  readonly device: string | null;
  readonly requestId: string | null;
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
};

export type TrailFilter = {
  readonly type: string | null;
  readonly userId: string | null;
  readonly actorId: string | null;
  readonly since: string | null;
  readonly until: string | null;
};

export const trailDocument: TypedDocumentNode<
  { readonly auditEvents: Connection<Event> },
  TrailFilter & { readonly first: number; readonly after: string | null }
> = gql`
  query ConsoleTrail(
    $first: Int!, $after: String, $type: String, $userId: ID, $actorId: ID,
    $since: DateTime, $until: DateTime
  ) {
    auditEvents(
      first: $first, after: $after, type: $type, userId: $userId, actorId: $actorId,
      since: $since, until: $until
    ) {
      edges {
        node {
          id at type outcome ipAddress device requestId reason detail
          actor { id name email }
          subject { id name email }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

/** A name for an id that the address has. */
export const personDocument: TypedDocumentNode<
  { readonly user: PersonData | null },
  { readonly id: string }
> = gql`
  query ConsolePerson($id: ID!) {
    user(id: $id) { id name email }
  }
`;

export const rolesDocument: TypedDocumentNode<
  { readonly user: { readonly id: string; readonly roles: readonly string[] | null } | null },
  { readonly id: string }
> = gql`
  query ConsoleRoles($id: ID!) {
    user(id: $id) { id roles }
  }
`;

export type Administrator = UserRow & {
  readonly totpEnabled: boolean | null;
  readonly passkeyCount: number | null;
};

export const administratorsDocument: TypedDocumentNode<
  { readonly administrators: readonly Administrator[] },
  Record<string, never>
> = gql`
  query ConsoleAdministrators {
    administrators { id name email status roles createdAt lastLoginAt totpEnabled passkeyCount }
  }
`;

export type SigningKey = {
  readonly id: string;
  readonly algorithm: string;
  readonly createdAt: string;
  readonly activeFrom: string;
  readonly expiresAt: string | null;
  readonly current: boolean;
  readonly standby: boolean;
};

export const signingKeysDocument: TypedDocumentNode<
  { readonly signingKeys: readonly SigningKey[] },
  Record<string, never>
> = gql`
  query ConsoleSigningKeys {
    signingKeys { id algorithm createdAt activeFrom expiresAt current standby }
  }
`;

export type FindingStatus = 'OK' | 'WARNING' | 'FAILURE';

export type Overview = {
  readonly findings: readonly {
    readonly check: string;
    readonly status: FindingStatus;
    readonly message: string;
    readonly advice: string | null;
  }[];
  readonly signIns: number;
  readonly failedSignIns: number;
  readonly countLimit: number;
  readonly since: string;
};

export const overviewDocument: TypedDocumentNode<
  { readonly overview: Overview },
  Record<string, never>
> = gql`
  query ConsoleOverview {
    overview {
      findings { check status message advice }
      signIns failedSignIns countLimit since
    }
  }
`;

/** How the administrator can prove who they are. */
export const proofDocument: TypedDocumentNode<
  {
    readonly me: {
      readonly id: string;
      readonly hasPassword: boolean | null;
      readonly passkeyCount: number | null;
    } | null;
  },
  Record<string, never>
> = gql`
  query ConsoleProof {
    me { id hasPassword passkeyCount }
  }
`;
