#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else if (existsSync(source) && (await registerTypeScript())) {
  await import(source.href);
} else {
  process.stderr.write('latchkey: there is no dist/ here. Run: npm run build\n');
  process.exitCode = 1;
}

/**
 * A checkout that was not built runs from its sources; false where the development packages are
 * not installed.
 */
async function registerTypeScript() {
  try {
    const { register } = await import('tsx/esm/api');
    register();
    return true;
  } catch {
    return false;
  }
}
