/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Where the Latchkey server is; http://localhost:4000 unless set. */
  readonly VITE_AUTH_URL?: string;
}
