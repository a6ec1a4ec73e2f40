import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildClientSchema, buildSchema, printSchema } from 'graphql';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from './testing/bundle.ts';
import { createPackedProject, isPacked, type Project, tarballs } from './testing/packed-project.ts';
import { snippets } from './testing/snippets.ts';

const patience = 900_000;

let project: Project;
beforeAll(() => {
  project = createPackedProject();
}, patience);
afterAll(() => project.remove(), patience);

const names = ['latchkey', '@latchkey/client', '@latchkey/verify'];

const entries = {
  '@latchkey/client': [
    'RefreshError',
    'RequestError',
    'UnreachableError',
    'connectionParams',
    'countdown',
    'createAuthClient',
    'isAuthError',
    'problemOf',
    'reconnectOnUserChange',
    'refusalIn',
    'takeLinkToken',
    'takeMailLink',
  ],
  '@latchkey/client/apollo': ['authLink', 'clearCacheOnUserChange'],
  '@latchkey/client/identities': ['createIdentities', 'readIdentityReturn'],
  '@latchkey/client/passkeys': ['createPasskeys'],
  '@latchkey/client/react': [
    'AuthProvider',
    'RequireAuth',
    'SignedIn',
    'SignedOut',
    'screenOf',
    'useAccount',
    'useAuth',
    'useCountdown',
    'useIdentities',
    'useIdentityReturn',
    'useMailLink',
    'usePasskeys',
    'useSessions',
    'useSignIn',
    'useSignOut',
    'useStepUp',
    'useSubmit',
    'useTotp',
    'withForm',
  ],
  '@latchkey/client/server': ['CrossSiteError', 'createServerAuth'],
  '@latchkey/client/urql': ['authClientExchange'],
  '@latchkey/verify/graphql': ['accessDirectives', 'enforceScopes', 'ensureCaller'],
  '@latchkey/verify': [
    'KeysUnavailableError',
    'RefusedTokenError',
    'anyOf',
    'apolloContext',
    'createVerifier',
    'expressAuth',
    'expressGuard',
    'fastifyAuth',
    'fastifyGuard',
    'honoAuth',
    'honoGuard',
    'maxAge',
    'protect',
    'requireFactor',
    'requireRole',
    'requireScope',
    'requireThat',
    'required',
    'yogaContext',
  ],
};

const strict = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--target',
  'es2022',
  '--lib',
  'es2023,dom,dom.iterable',
];

/** An app that uses every entry point, with uses that must not compile. */
const app = `
import { type AuthState, createAuthClient, type User } from '@latchkey/client';
import { authLink } from '@latchkey/client/apollo';
import { createIdentities } from '@latchkey/client/identities';
import { createPasskeys } from '@latchkey/client/passkeys';
import {
  AuthProvider, screenOf, type SignIn, useAuth, useIdentities, useIdentityReturn, usePasskeys,
  useSignIn, useSubmit, withForm,
} from '@latchkey/client/react';
import { authClientExchange } from '@latchkey/client/urql';
import {
  apolloContext, type Caller, createVerifier, expressAuth, fastifyAuth, protect, required,
  yogaContext,
} from '@latchkey/verify';

export const auth = createAuthClient({
  url: 'https://auth.example.com/graphql', storage: 'cookie',
});
export async function signIn(email: string, password: string): Promise<User | null> {
  const result = await auth.login({ email, password });
  // @ts-expect-error Not before it is known which outcome this is.
  result.user;
  // @ts-expect-error There is no such argument.
  await auth.login({ email, pass: password });
  switch (result.__typename) {
    case 'AuthTokens': return result.user;
    case 'OtpChallenge': return result.sentTo === null ? null : null;
    case 'AuthError': return result.code === 'RATE_LIMITED' ? null : null;
  }
}
export async function signInByPasskey(): Promise<User | null> {
  const result = await createPasskeys(auth).signIn({ autofill: true });
  if (result.__typename === 'PasskeyError' && result.code === 'CANCELLED') return null;
  return result.__typename === 'AuthTokens' ? result.user : null;
}
export async function comeBack(): Promise<User | string | null> {
  const returned = await createIdentities(auth).finish();
  if (!returned) return null;
  const { result, page } = returned;
  // @ts-expect-error Not before it is known which outcome this is.
  result.user;
  switch (result.__typename) {
    case 'AuthTokens': return result.user;
    case 'OtpChallenge': return result.purpose === 'LINK_IDENTITY' ? page : null;
    case 'AuthIdentity': return result.provider.name;
    case 'AuthError': return result.code === 'PROVIDER_REFUSED' ? result.message : null;
    case 'IdentityError': return result.code === 'NOT_BEGUN_HERE' ? result.message : null;
    case 'IdentityHandedOver': return null;
  }
}
export function step(at: SignIn): string | null {
  // @ts-expect-error Only of the step that a code is asked for.
  at.sentTo;
  if (at.step === 'code') return at.sentTo;
  // @ts-expect-error That one is done.
  if (at.step === 'code') return null;
  return at.step === 'done' ? at.user.email : screenOf(at).title;
}
export function Rename() {
  const rename = useSubmit(auth.updateProfile, (user) => {
    // @ts-expect-error No refusal comes here.
    user.code;
    return user.name;
  });
  // @ts-expect-error It takes no such field.
  rename.submit({ nick: 'Ada' });
  const login = useSubmit(auth.login);
  // @ts-expect-error The form lacks the password.
  const bare: (event: never) => void = withForm<{ email: string }>(login.submit);
  return [withForm(login.submit), bare, rename.fields['name'], useSignIn().step];
}
export const verifier = createVerifier({ issuer: 'https://auth.example.com' });
protect((_request, caller) => new Response(caller.userId), { verifier, require: required });
// @ts-expect-error Anonymous requests have no caller unless one is required.
protect((_request, caller) => new Response(caller.userId), { verifier });
export const state: AuthState = auth.getState();
export const caller: Promise<Caller> = verifier.verify('token');
export {
  AuthProvider, apolloContext, authClientExchange, authLink, expressAuth, fastifyAuth, useAuth,
  useIdentities, useIdentityReturn, usePasskeys, yogaContext,
};
`;

describe('the packages, in an empty project', () => {
  it('resolve under Node, only at their entry points', () => {
    const script = `
      const found = {};
      for (const name of ${JSON.stringify(Object.keys(entries))})
        found[name] = Object.keys(await import(name)).sort();
      await import('@latchkey/client/dist/session.js').then(
        () => { throw new Error('open'); },
        (error) => { found.inside = error.code; },
      );
      console.log(JSON.stringify(found));`;
    const found = JSON.parse(project.run('node', ['--input-type=module', '--eval', script]));
    expect(found).toEqual({ ...entries, inside: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  });

  it('resolve under a bundler; the client is small without its peers', async () => {
    const external = [
      '@apollo/client/link',
      '@urql/exchange-auth',
      'graphql',
      'jose',
      'react',
      'rxjs',
    ];
    for (const [name, exported] of Object.entries(entries)) {
      const entry = project.write(`${name.replaceAll('/', '-')}.js`, `export * from '${name}';`);
      const { code, imports } = await bundle(entry, { external });
      for (const one of exported) expect(code).toMatch(new RegExp(`\\b${one}\\b`));
      expect(imports.every((peer) => external.includes(peer))).toBe(true);
      if (name.startsWith('@latchkey/client'))
        expect(gzipSync(code).byteLength).toBeLessThan(12_000);
    }
  });

  it('include types for Node', { timeout: patience }, () => {
    project.run('tsc', [
      ...strict,
      '--module',
      'nodenext',
      '--skipLibCheck',
      project.write('app.ts', app),
    ]);
  });

  it('include types for bundlers, which docs/integrations compiles with', {
    timeout: patience,
  }, () => {
    if (isPacked) project.install(...usedInPages);
    const files = pages.flatMap((page) =>
      ['ts', 'tsx'].flatMap((language) =>
        snippets(page, language).map((text, index) => ({
          name: `pages/${page.replaceAll(/[./]+/g, '-')}-${index}.${language}`,
          text,
        })),
      ),
    );
    expect(files.length).toBeGreaterThan(15);
    // A page may use a package that is too large for the everyday tests: `npm run package` installs
    // them all.
    const written = files.filter(({ text }) => importsOf(text).every(project.has));
    expect(written.length).toBeGreaterThan(files.length / 2);
    if (isPacked) expect(written).toEqual(files);
    // The pages' examples import them.
    for (const name of ['verifier.ts', 'schema.ts'])
      project.write(`pages/${name}`, readFileSync(`examples/backends/${name}`, 'utf8'));
    const modules = [
      '--allowImportingTsExtensions',
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      '--jsx',
      'react-jsx',
    ];
    const paths = [{ name: 'app.ts', text: app }, ...written].map(({ name, text }) =>
      project.write(name, text),
    );
    project.run('tsc', [...strict, ...modules, '--skipLibCheck', ...paths]);
  });

  it.each(names)('%s passes publint', async (name) => {
    const pkgDir = join(project.folder, 'node_modules', name);
    const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('have no `any` in what an editor shows', () => {
    const folders = ['client', 'verify'].map((name) =>
      join(project.folder, 'node_modules', '@latchkey', name, 'dist'),
    );
    const declared = folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.d.ts'))
        .map((name) => [name, anyIn(readFileSync(join(folder, name), 'utf8'))] as const),
    );
    expect(declared.length).toBeGreaterThan(40);
    expect(declared.filter(([, found]) => found.length > 0)).toEqual([]);
    expect(anyIn('/** any */ type A = B<any>; // any')).toEqual(['type A = B<any>;']);
  });

  it('agree in version, licence and Node', () => {
    const [server, client, verify] = names.map((name) => {
      const file = join(project.folder, 'node_modules', name, 'package.json');
      const { version, license, engines, type } = JSON.parse(readFileSync(file, 'utf8'));
      return { version, license, engines, type };
    });
    expect(client).toEqual(server);
    expect(verify).toEqual(server);
  });

  it('include the schema, as SDL and as equal introspection', () => {
    const script = `
      import { readFileSync } from 'node:fs';
      import introspection from 'latchkey/introspection.json' with { type: 'json' };
      const sdl = readFileSync(new URL(import.meta.resolve('latchkey/schema.graphql')), 'utf8');
      const clientUrl = import.meta.resolve('@latchkey/client/schema.graphql');
      const ofClient = readFileSync(new URL(clientUrl), 'utf8');
      console.log(JSON.stringify({ sdl, ofClient, introspection }));`;
    const { sdl, ofClient, introspection } = JSON.parse(
      project.run('node', ['--input-type=module', '--eval', script]),
    );
    expect(ofClient).toBe(sdl);
    expect(printSchema(buildClientSchema(introspection.data))).toBe(printSchema(buildSchema(sdl)));
  });
});

/** The pages with code that uses our packages, relative to docs/integrations. */
const pages = [
  ...readdirSync('docs/integrations'),
  '../../packages/client/README.md',
  '../../packages/verify/README.md',
];

/** The imports of the pages that the project has not installed already. */
const usedInPages = [
  '@apollo/gateway@2.14.4',
  '@apollo/server@5.5.1',
  '@fastify/formbody@9',
  '@graphql-hive/gateway-runtime@2.12.1',
  '@graphql-mesh/plugin-jwt-auth@2.0.14',
  '@graphql-tools/delegate',
  '@graphql-tools/executor-http@3.4.1',
  '@graphql-tools/schema@10',
  '@graphql-tools/stitch@10.3.1',
  '@graphql-tools/stitching-directives@4.1.0',
  '@graphql-tools/wrap@11.2.5',
  '@types/express@5',
  'express@5',
  'fastify@5',
  'graphql-yoga@5',
  'hono@4',
  'jose@6',
  'urql@5',
];

/** The lines of declarations, without comments and texts, with the type `any`. */
function anyIn(text: string): string[] {
  return text
    .replaceAll(/\/\*.*?\*\/|\/\/[^\n]*|'[^'\n]*'/gs, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /\bany\b/.test(line));
}

/** The packages that a text imports. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/ from '(?!node:)((?:@[\w-]+\/)?[\w-]+)/g)].flatMap(
    ([, name]) => name ?? [],
  );
}

describe.skipIf(!isPacked)('the tarballs, installed by npm', () => {
  it('contain what they need, and no source or test', () => {
    const inside = (path: string) => existsSync(join(project.folder, 'node_modules', path));
    const files = ['README.md', 'LICENSE', 'package.json'];
    for (const path of [
      ...names.flatMap((name) => files.map((file) => `${name}/${file}`)),
      'latchkey/dist/main.js',
      'latchkey/dist/http/pages/graphiql-page/index.html',
      'latchkey/dist/pages/console/index.html',
      'latchkey/dist/pages/console/licenses.md',
      'latchkey/drizzle/0000_initial.sql',
      '@latchkey/client/dist/schema.graphql',
    ]) {
      expect([path, inside(path)]).toEqual([path, true]);
    }
    for (const path of [
      ...names.map((name) => `${name}/src`),
      'latchkey/packages',
      'latchkey/dist/testing',
      'latchkey/.env.example',
      '@latchkey/client/dist/apollo.test.js',
      '@latchkey/verify/dist/edge.test.js',
    ]) {
      expect([path, inside(path)]).toEqual([path, false]);
    }
  });

  it('have declarations that are complete', { timeout: patience }, () => {
    // The client imports no package, so that only its own declarations are checked.
    const file = project.write(
      'alone.ts',
      "export * from '@latchkey/client';\nexport type * from '@latchkey/client';",
    );
    const options = ['--module', 'nodenext', '--typeRoots', 'none', '--skipLibCheck', 'false'];
    project.run('tsc', [...strict, ...options, file]);
  });

  it('pass attw', { timeout: patience }, () => {
    // schema.graphql is not a module.
    const attw = ['--profile', 'esm-only', '--exclude-entrypoints', 'schema.graphql'];
    for (const tarball of Object.values(tarballs))
      project.run('npx', ['--yes', '@arethetypeswrong/cli@0.18.5', tarball, ...attw]);
  });

  const query = 'query Me { me { id email emailVerified } }';

  it('give graphql-codegen its types', { timeout: patience }, () => {
    project.install(
      'graphql@16.15.0',
      '@graphql-codegen/cli@7.4.3',
      '@graphql-codegen/client-preset@6.2.0',
    );
    project.write(
      'codegen/me.ts',
      `import { graphql } from './made/gql';\nexport const me = graphql(\`${query}\`);`,
    );
    project.write('codegen.yml', codegenConfig);
    project.run('npx', ['--no-install', 'graphql-codegen', '--config', 'codegen.yml']);
    const made = readFileSync(join(project.folder, 'codegen', 'made', 'graphql.ts'), 'utf8');
    expect(made).toContain('export type MeQuery');
    expect(made).toMatch(/me\??: \{[^}]*email\??: string \| null/);
  });

  it('give gql.tada its types', { timeout: patience }, () => {
    project.install('typescript@5.9.3', 'gql.tada@1.11.3');
    const plugin = {
      name: 'gql.tada/ts-plugin',
      schema: './node_modules/@latchkey/client/dist/schema.graphql',
      tadaOutputLocation: './tada/graphql-env.d.ts',
    };
    const compilerOptions = {
      strict: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      plugins: [plugin],
    };
    project.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true } }),
    );
    project.run('npx', ['--no-install', 'gql.tada', 'generate-output']);
    const file = project.write(
      'tada/me.ts',
      `import { initGraphQLTada, type ResultOf } from 'gql.tada';
       import type { introspection } from './graphql-env.d.ts';
       const graphql = initGraphQLTada<{
         introspection: introspection;
         scalars: { DateTime: string };
       }>();
       const me = graphql(\`${query}\`);
       type Result = ResultOf<typeof me>;
       export const email = (result: Result): string | null | undefined => result.me?.email;
       // @ts-expect-error It is a boolean.
       export const verified = (result: Result): string | undefined => result.me?.emailVerified;`,
    );
    const options = [
      '--noEmit',
      // The tsconfig.json is for gql.tada, which has a TypeScript of its own.
      '--ignoreConfig',
      '--strict',
      '--skipLibCheck',
      '--allowImportingTsExtensions',
      '--target',
      'es2022',
    ];
    project.run('tsc', [...options, '--module', 'esnext', '--moduleResolution', 'bundler', file]);
  });
});

const codegenConfig = `
schema: node_modules/@latchkey/client/dist/schema.graphql
documents: codegen/me.ts
generates:
  codegen/made/:
    preset: client
    config:
      scalars:
        DateTime: string
`;
