/** Seconds that a flow waits for its browser (ID-1). */
export const flowLifetime = 600;
/** Seconds that a ticket is good (ID-10). */
export const ticketLifetime = 60;
/** Bytes of a handle, a state, a nonce, a ticket and the browser's cookie: 256 bits (ID-10). */
export const secretBytes = 32;
/** More than anyone has. */
export const mostIdentities = 1000;
