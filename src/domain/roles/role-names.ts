import { z } from 'zod';
import { distinctRoles, maxRoles, rolePattern } from './rules.ts';

/** The roles of a user. An error names the index of the invalid role, never the role. */
export const roleNames = z
  .array(
    z
      .string()
      .regex(
        rolePattern,
        'A role has 1 to 40 characters of a-z, 0-9, colon, hyphen and underscore.',
      ),
    'A list of roles is required.',
  )
  .max(maxRoles, `A user has at most ${maxRoles} roles.`)
  .transform(distinctRoles);
