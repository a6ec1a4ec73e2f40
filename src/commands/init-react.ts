import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from './fail.ts';

/** Made by scripts/build-react-app.mjs. */
const app = fileURLToPath(new URL('../react-app', import.meta.url));

/** Writes a Vite app that signs in, with the packed client. Writes nothing into a folder in use. */
export function initReact(folder: string): void {
  if (!existsSync(app)) {
    fail('This installation has no app to write: npm run package makes one that has.');
    return;
  }
  const [taken] = existsSync(folder) ? readdirSync(folder) : [];
  if (taken !== undefined) {
    fail(`${join(folder, taken)} exists. Nothing was written: choose an empty folder.`);
    return;
  }
  cpSync(app, folder, { recursive: true, errorOnExist: true, force: false });
  writeFileSync(join(folder, 'README.md'), readme, { flag: 'wx' });
  for (const name of readdirSync(folder).sort()) process.stdout.write(`${join(folder, name)}\n`);
  process.stdout.write(`\nNext: read ${join(folder, 'README.md')}.\n`);
}

const readme = `\
# An app that signs in

Made by \`latchkey init --react\`: React, Vite and \`@latchkey/client\`, whose package is beside
this file since no registry has it.

\`\`\`sh
npm install
npm run dev
\`\`\`

The app is at <http://localhost:3000>, and expects Latchkey at <http://localhost:4000>, or where
\`VITE_AUTH_URL\` says, with \`CORS_ORIGINS=http://localhost:3000\` in its \`.env\`. For a try:

\`\`\`sh
CORS_ORIGINS=http://localhost:3000 APP_URL=http://localhost:3000 latchkey dev
\`\`\`

Its mailbox, with the codes, is at <http://localhost:4000/dev/mailbox>.

\`src/app.tsx\` is the whole app, \`src/screen.tsx\` the forms of the sign-in, and
\`src/account.tsx\` what a signed-in user sees. \`npm run build\` checks the types and builds it.
`;
