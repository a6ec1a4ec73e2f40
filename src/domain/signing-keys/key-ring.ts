export type KeyRing = { placeholder?: never };
