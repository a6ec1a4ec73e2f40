/** What GATEWAY_USER_FIELDS can open to gateways, beside `id` and `name`. */
export const gatewayUserFields = [
  'email',
  'emailVerified',
  'roles',
  'createdAt',
  'publicMetadata',
  'adminMetadata',
] as const;
export type GatewayUserField = (typeof gatewayUserFields)[number];
