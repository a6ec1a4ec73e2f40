import { type SQL, sql } from 'drizzle-orm';

/** "latchkey" in ASCII, cut to 63 bits, and the two numbers after it. */
export const locks = {
  migrations: '7809634751936259449',
  signingKeys: '7809634751936259450',
  purge: '7809634751936259451',
} as const;

/**
 * The key of an advisory lock. Such a lock belongs to the whole database, so each schema has keys
 * of its own; those of `public` are the ones that earlier versions took.
 */
export function lockKey(lock: keyof typeof locks): SQL {
  return sql`(${locks[lock]}::bigint
    + case current_schema() when 'public' then 0 else hashtext(current_schema()) end)`;
}
