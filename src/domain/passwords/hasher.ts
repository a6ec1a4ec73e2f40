/** Filled in below; see hash gate. */
export type PasswordHasher = { placeholder?: never };
