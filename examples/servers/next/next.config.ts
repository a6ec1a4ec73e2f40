import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

// The packages of all four apps are installed in the folder above. An app of its own needs no file
// like this one.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const config: NextConfig = { turbopack: { root }, outputFileTracingRoot: root };
export default config;
