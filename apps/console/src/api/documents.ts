import { gql, type TypedDocumentNode } from '@apollo/client';
import type { UserStatus } from '@latchkey/client';

/** A person as lists and events name them; of a deleted user the id is left. */
export type PersonData = {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
};

export type PageInfo = { readonly hasNextPage: boolean; readonly endCursor: string | null };

export type Connection<Node> = {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: PageInfo;
};

export type UserRow = PersonData & {
  readonly status: UserStatus | null;
  readonly roles: readonly string[] | null;
  readonly createdAt: string | null;
  readonly lastLoginAt: string | null;
};

type UsersData = { readonly users: Connection<UserRow> };
type UsersVariables = {
  readonly first: number;
  readonly after: string | null;
  readonly search: string | null;
  readonly status: UserStatus | null;
};

// Without `totalCount`: counting a million users takes longer than all the rest.
export const usersDocument: TypedDocumentNode<UsersData, UsersVariables> = gql`
  query ConsoleUsers($first: Int!, $after: String, $search: String, $status: UserStatus) {
    users(first: $first, after: $after, search: $search, status: $status) {
      edges { cursor node { id name email status roles createdAt lastLoginAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
