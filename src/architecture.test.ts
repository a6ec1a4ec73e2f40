import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModule } from './testing/read-module.ts';

/**
 * The imports allowed between rooms: http -> graphql -> domain -> db, never the other way. A room
 * is a folder of src/, a file directly in src/, or a package. `types` are imports that TypeScript
 * erases.
 */
const arrows: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>
> = {
  errors: { values: [] },
  clock: { values: [] },
  random: { values: [] },
  semaphore: { values: [] },
  'secret-keys': { values: [] },
  config: { values: ['mail'] },
  ports: { values: [], types: ['config', 'semaphore'] },
  'development-secrets': { values: ['random'], types: ['config'] },
  observability: { values: ['errors'], types: ['config'] },
  db: { values: ['clock', 'errors', 'semaphore'], types: ['observability'] },
  mail: { values: [], types: ['clock', 'config'] },
  egress: { values: [] },
  app: {
    values: [],
    types: ['clock', 'config', 'db', 'mail', 'observability', 'ports', 'random', 'secret-keys'],
  },
  context: { values: [], types: ['app', 'db', 'errors'] },
  domain: {
    values: ['clock', 'db', 'errors', 'semaphore', 'secret-keys'],
    types: ['app', 'config', 'context', 'egress', 'mail', 'ports', 'random'],
  },
  graphql: { values: ['db', 'domain', 'errors'], types: ['app', 'context'] },
  http: {
    values: ['db', 'domain', 'errors', 'graphql', 'observability'],
    types: ['app', 'config', 'context', 'mail', 'ports', 'secret-keys'],
  },
  compose: {
    values: ['clock', 'db', 'domain', 'egress', 'errors', 'observability', 'random'].concat(
      'secret-keys',
    ),
    types: ['app', 'config', 'mail'],
  },
  commands: {
    values: ['clock', 'compose', 'config', 'db', 'development-secrets', 'domain', 'egress'].concat(
      'errors',
      'graphql',
      'http',
      'mail',
      'observability',
      'random',
      'secret-keys',
    ),
    types: ['app', 'context', 'ports'],
  },
  cli: { values: ['commands', 'observability'] },
  main: { values: ['cli'] },
  // Applications and other backends import these packages; they use the server only through its
  // API.
  client: { values: [] },
  verify: { values: [] },
  // A client of the API like any other: nothing but packages, ours among them.
  console: { values: [] },
};

/**
 * The folders within a room, layered in floors from the lowest to the highest. A folder may import
 * from lower floors; on its own floor only from the folders that `beside` lists. The name of the
 * room stands for the files directly in it.
 */
const floors: Readonly<Record<string, readonly (readonly string[])[]>> = {
  domain: [
    ['addresses', 'origins', 'roles', 'users', 'metadata', 'passwords'].concat(
      'audit',
      'rate-limits',
      'outbox',
      'emails',
      'signing-keys',
    ),
    ['domain'],
    ['factors', 'otp', 'totp', 'recovery-codes', 'passkeys', 'identities'],
    ['caller', 'sessions', 'access-tokens'],
    ['sign-in', 'second-factors', 'accounts', 'admin', 'import', 'retention'],
  ],
  http: [['hooks'], ['graphql'], ['pages', 'routes'], ['http']],
  db: [['driver', 'tables'], ['queries'], ['db']],
};

const beside: Readonly<Record<string, readonly string[]>> = {
  'domain/users': ['roles'],
  'domain/audit': ['origins'],
  'domain/emails': ['origins'],
  'domain/outbox': ['addresses', 'emails', 'origins', 'rate-limits'],
  'domain/signing-keys': ['audit'],
  'domain/factors': ['recovery-codes', 'totp'],
  'domain/otp': ['factors', 'passkeys', 'recovery-codes'],
  'domain/passkeys': ['factors'],
  'domain/identities': ['factors', 'passkeys'],
  'domain/sessions': ['caller'],
  'domain/access-tokens': ['caller', 'sessions'],
  'domain/accounts': ['sign-in'],
  'domain/admin': ['accounts'],
};

/**
 * Single files that other rooms may import although they may not import the rest of the room. They
 * do no I/O.
 */
const promises: Readonly<Record<string, readonly string[]>> = {
  'config/config-warnings.ts': ['domain'],
  'domain/rate-limits/budgets.ts': ['config'],
  'domain/users/gateway-user-fields.ts': ['config'],
  'domain/passkeys/sites.ts': ['config'],
  'mail/mailer.ts': ['domain'],
  'db/driver/host-urls.ts': ['config'],
  'db/driver/socket-urls.ts': ['config'],
};

/** Packages that only these files may import. */
const homes: readonly {
  readonly packages: RegExp;
  readonly homes: RegExp;
  readonly types?: true;
}[] = [
  {
    packages: /^type-graphql$|^reflect-metadata$|^@graphql-tools\/|^graphql-scalars/,
    homes: /^graphql\//,
  },
  { packages: /^drizzle-orm(\/|$)|^postgres$/, homes: /^db\// },
  { packages: /^@electric-sql\//, homes: /^db\/pglite\.ts$/ },
  {
    packages: /^graphql(\/|$)|^@apollo\/(?!client(\/|$))/,
    homes: new RegExp(
      '^(graphql|http)/|^commands/schema\\.ts$|' +
        '^verify/(access-directives|ensure-caller|enforce-scopes)\\.ts$',
    ),
  },
  { packages: /^fastify$|^@fastify\//, homes: /^http\// },
  { packages: /^nodemailer$|^resend$/, homes: /^mail\// },
  { packages: /^@node-rs\//, homes: /^domain\/passwords\/(hasher|verify-foreign-hash)\.ts$/ },
  { packages: /^@latchkey\//, homes: /^console\// },
  { packages: /^jose$/, homes: /^(domain|verify)\/|^client\/server-seal\.ts$/ },
  { packages: /^otplib$/, homes: /^domain\// },
  { packages: /^openid-client$|^oauth4webapi$/, homes: /^domain\/identities\// },
  { packages: /^@simplewebauthn\//, homes: /^domain\/passkeys\/library\.ts$/ },
  {
    packages: /^@apollo\/client(\/|$)|^rxjs$/,
    homes: /^client\/apollo\.ts$|^console\//,
  },
  { packages: /^@urql\//, homes: /^client\/urql\.ts$/ },
  { packages: /^react$/, homes: /^client\/(react|use-[a-z-]+|screens|signed-in)\.ts$|^console\// },
  { packages: /^react-dom(\/|$)|^wouter(\/|$)/, homes: /^console\// },
  { packages: /^pino(-pretty)?$/, homes: /^observability\//, types: true },
  { packages: /^prom-client$|^@opentelemetry\//, homes: /^observability\// },
  { packages: /^commander$/, homes: /^cli\.ts$/ },
  {
    packages: /^node:(child_process|cluster|worker_threads)$/,
    homes: new RegExp(
      '^(cli|cluster)\\.ts$|^commands/|^http/pages/prepare-page\\.ts$|' +
        '^domain/passwords/(judge-strength|strength-thread)\\.ts$',
    ),
  },
  { packages: /^node:https?$|^node:http2$|^node:tls$/, homes: /^(http|mail|egress)\// },
];

/**
 * Rooms that run in browsers and on edge platforms: they may import the packages named here, and no
 * built-in module of Node.js.
 */
const light: Readonly<Record<string, RegExp>> = {
  client: /^(@apollo\/client(\/link)?|rxjs|@urql\/(core|exchange-auth)|react|jose)$/,
  verify: /^(jose|graphql)$/,
  console: /^(@latchkey\/client|@apollo\/client|react|react-dom|wouter)(\/|$)/,
};

/** What a pure decision may import (rule 3: rows and time in, verdict out). */
const pure = /^(errors|clock|secret-keys)\.ts$|(^|[/-])rules\.ts$/;

/** The folder of a file within its room; the name of the room for a file directly in it. */
function folderOf(file: string): string {
  const [room = '', ...rest] = file.split('/');
  return rest.length > 1 ? (rest[0] ?? '') : room;
}

/** Why a file may not import another file of its room; null if it may. */
function floorFault(file: string, target: string): string | null {
  const room = roomOf(file);
  const plan = floors[room];
  const [from, to] = [folderOf(file), folderOf(target)];
  if (!plan || from === to) return null;
  const floorOf = (folder: string): number => plan.findIndex((floor) => floor.includes(folder));
  if (floorOf(from) < 0) return `${file}: no floor for ${from}`;
  if (floorOf(to) < 0) return `${file}: no floor for ${to}`;
  if (floorOf(to) < floorOf(from)) return null;
  if (beside[`${room}/${from}`]?.includes(to)) return null;
  return `${file}: ${target}, which is not below`;
}

/** The files that import themselves through a cycle, type imports included. */
function cycles(files: ReadonlyMap<string, string>): string[] {
  const targets = new Map(
    [...files].map(([file, text]) => {
      const local = readModule(file, text).imports.filter(({ from }) => from.startsWith('.'));
      return [file, local.map(({ from }) => posix.join(posix.dirname(file), from))];
    }),
  );
  const comesBack = (start: string): boolean => {
    const seen = new Set<string>();
    const queue = [...(targets.get(start) ?? [])];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (file === start) return true;
      if (seen.has(file)) continue;
      seen.add(file);
      queue.push(...(targets.get(file) ?? []));
    }
    return false;
  };
  return [...files.keys()].filter(comesBack).sort();
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.tsx?$/, '');
}

/**
 * A line for each import or use that the plan forbids; `files` maps paths under src/ to their text.
 */
function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) => {
    const { imports, uses } = readModule(file, text);
    const room = roomOf(file);
    const plan = arrows[room];
    const bad: string[] = plan ? [] : [`${file}: no place in the plan`];
    for (const { from, isType } of imports) {
      if (!from.startsWith('.')) {
        for (const rule of homes) {
          if (rule.packages.test(from) && !rule.homes.test(file) && !(rule.types && isType))
            bad.push(`${file}: ${from}`);
        }
        if (light[room]?.test(from) === false)
          bad.push(`${file}: ${from}, and ${room} runs in a browser`);
        if (/^node:process$|^process$/.test(from)) bad.push(`${file}: ${from}`);
        if (/(^|\/)rules\.ts$/.test(file) && !isType)
          bad.push(`${file}: ${from}, and rules do no I/O`);
        continue;
      }
      const target = posix.join(posix.dirname(file), from);
      const to = roomOf(target);
      const isOpen =
        to === room ||
        plan?.values.includes(to) ||
        (isType && plan?.types?.includes(to)) ||
        promises[target]?.includes(room);
      const fault = to === room ? floorFault(file, target) : null;
      if (fault !== null) bad.push(fault);
      if (!isOpen) bad.push(`${file}: ${isType ? 'type ' : ''}${target}`);
      if (to === 'db' && /\.resolver\.ts$/.test(file))
        bad.push(`${file}: ${target}, and a resolver asks the domain`);
      if (/(^|\/)rules\.ts$/.test(file) && !isType && !pure.test(target)) {
        bad.push(`${file}: ${target}, and rules do no I/O`);
      }
    }
    for (const use of uses) {
      if (use === 'process.env' && file !== 'config/read-config.ts')
        bad.push(`${file}: process.env`);
      if (
        /^(Date\.now|new Date\(\)|Math\.random)$/.test(use) &&
        ['domain', 'graphql'].includes(room)
      ) {
        bad.push(`${file}: ${use}`);
      }
    }
    return bad;
  });
}

/** The server's files by their path under src/, those of packages and apps by name and theirs. */
function sources(): Map<string, string> {
  const files = filesIn('src').filter(
    ([file]) => !/^testing\/|^http\/pages\/graphiql\/page\//.test(file),
  );
  const packages = readdirSync('packages').flatMap((name) =>
    filesIn(`packages/${name}/src`).map(([file, text]) => [`${name}/${file}`, text] as const),
  );
  const app = filesIn('apps/console/src').map(([file, text]) => [`console/${file}`, text] as const);
  return new Map([...files, ...packages, ...app]);
}

function filesIn(folder: string): (readonly [file: string, text: string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(`${folder}/${file}`, 'utf8')]);
}

describe('imports', () => {
  it('follow the allowed directions', () => {
    const files = sources();
    expect(files.size).toBeGreaterThan(50);
    for (const file of ['client/index.ts', 'verify/index.ts', 'console/main.tsx'])
      expect([...files.keys()]).toContain(file);
    expect(violations(files)).toEqual([]);
  });

  it('form no cycle, type imports included', () => {
    expect(cycles(sources())).toEqual([]);
  });

  it.each([
    [
      { 'app.ts': `import type { B } from './b.ts';`, 'b.ts': `import { a } from './app.ts';` },
      ['app.ts', 'b.ts'],
    ],
    [
      {
        'graphql/otp.types.ts': `import { A } from './sessions.types.ts';`,
        'graphql/sessions.types.ts': `import { U } from './users.types.ts';`,
        'graphql/users.types.ts': `export type { O } from './otp.types.ts';`,
        'graphql/roles.types.ts': `import { A } from './sessions.types.ts';`,
      },
      ['graphql/otp.types.ts', 'graphql/sessions.types.ts', 'graphql/users.types.ts'],
    ],
    [{ 'x.ts': `const lazy = await import('./x.ts');` }, ['x.ts']],
  ])('the check finds the cycle in %j', (files, cycle) => {
    expect(cycles(new Map(Object.entries(files)))).toEqual(cycle);
  });

  it('the floors list every folder exactly once', () => {
    for (const [room, plan] of Object.entries(floors)) {
      const named = plan.flat().filter((folder) => folder !== room);
      const files = [...sources().keys()].filter((file) => roomOf(file) === room);
      const found = new Set(files.map(folderOf).filter((folder) => folder !== room));
      expect(named.sort()).toEqual([...found].sort());
    }
  });

  it.each([
    ['domain/otp/verify.ts', `import { x } from '../../graphql/schema.ts';`],
    ['domain/otp/verify.ts', `import type { X } from '../../http/server.ts';`],
    ['domain/otp/verify.ts', `import { eq } from 'drizzle-orm';`],
    ['domain/otp/verify.ts', `import type { SQL } from 'drizzle-orm';`],
    ['domain/otp/verify.ts', `import { createSmtpMailer } from '../../mail/smtp-mailer.ts';`],
    ['domain/otp/verify.ts', `import { createEgress } from '../../egress/egress.ts';`],
    ['domain/otp/verify.ts', `import { request } from 'node:https';`],
    ['egress/egress.ts', `import type { App } from '../app.ts';`],
    ['domain/otp/verify.ts', `import { readConfig } from '../../config/read-config.ts';`],
    ['domain/otp/verify.ts', `export * from '../../app.ts';`],
    ['domain/otp/verify.ts', `const x = await import('../../graphql/schema.ts');`],
    ['domain/otp/verify.ts', `type X = import('../../graphql/schema.ts').X;`],
    ['domain/otp/verify.ts', `const now = Date.now();`],
    ['domain/otp/verify.ts', `const now = new Date();`],
    ['domain/otp/verify.ts', `import { hash } from '@node-rs/bcrypt';`],
    ['domain/factors/rules.ts', `import { readFileSync } from 'node:fs';`],
    ['domain/factors/rules.ts', `import { find } from '../../db/queries/otp.ts';`],
    ['domain/factors/rules.ts', `import { sendCode } from './send-code.ts';`],
    ['db/queries/users.ts', `import { register } from '../../domain/accounts/register.ts';`],
    ['db/queries/users.ts', `import type { App } from '../../app.ts';`],
    ['graphql/users.resolver.ts', `import { server } from '../http/server.ts';`],
    ['graphql/users.resolver.ts', `import { find } from '../db/queries/users.ts';`],
    ['http/server.ts', `import { Field } from 'type-graphql';`],
    ['http/server.ts', `const port = process.env.PORT;`],
    ['http/server.ts', `import { env } from 'node:process';`],
    ['http/server.ts', `import { createTestClock } from '../testing/clock.ts';`],
    ['http/server.ts', `import { pino } from 'pino';`],
    ['mail/resend-mailer.ts', `import type { App } from '../app.ts';`],
    ['client/index.ts', `import type { Context } from '../../../src/context.ts';`],
    ['client/index.ts', `import { RefusedTokenError } from '../../verify/src/errors.ts';`],
    ['client/index.ts', `import { useState } from 'react';`],
    ['console/app.tsx', `import type { User } from '../../../src/db/tables/users.ts';`],
    ['console/app.tsx', `import { renderToString } from 'react-dom-server';`],
    ['console/app.tsx', `import { readFileSync } from 'node:fs';`],
    ['client/index.ts', `import { gql } from 'graphql-tag';`],
    ['verify/index.ts', `import { verify } from '../../../src/domain/access-tokens/verify.ts';`],
    ['verify/index.ts', `import { decode } from 'base64-js';`],
    ['domain/sessions/view.ts', `import { createVerifier } from '@latchkey/verify';`],
    ['http/server.ts', `import { refusalIn } from '../../packages/client/src/errors.ts';`],
    ['verify/index.ts', `import { Buffer } from 'node:buffer';`],
    ['utils/strings.ts', ''],
    ['app.ts', `import type { KeyRing } from './domain/signing-keys/key-ring.ts';`],
    ['ports.ts', `import type { App } from './app.ts';`],
    ['context.ts', `import type { OtpMethod } from './domain/factors/rules.ts';`],
    // Imports from a higher floor of the domain, by value and by type.
    ['domain/addresses/a.ts', `import { command } from '../command.ts';`],
    ['domain/audit/record.ts', `import { viewSession } from '../sessions/session-view.ts';`],
    ['domain/audit/record.ts', `import type { SessionView } from '../sessions/session-view.ts';`],
    ['domain/users/user-view.ts', `import { requireAdmin } from '../admin/require-admin.ts';`],
    ['domain/emails/links.ts', `import { codeLength } from '../otp/code.ts';`],
    ['domain/outbox/enqueue.ts', `import { requireViewer } from '../caller/require-step-up.ts';`],
    ['domain/passwords/check.ts', `import { loginBudget } from '../sign-in/login-budget.ts';`],
    ['domain/command.ts', `import { requireViewer } from '../domain/caller/require-step-up.ts';`],
    ['domain/totp/seal.ts', `import { changeFactors } from '../second-factors/change-factors.ts';`],
    ['domain/recovery-codes/issue.ts', `import { endAll } from '../sessions/end-sessions.ts';`],
    ['domain/factors/rules.ts', `import type { Admission } from '../sign-in/admit.ts';`],
    ['domain/caller/hold-caller.ts', `import { admit } from '../sign-in/admit.ts';`],
    ['domain/sessions/logout.ts', `import { admit } from '../sign-in/admit.ts';`],
    ['domain/access-tokens/issue.ts', `import { me } from '../accounts/me.ts';`],
    // Imports on the same floor that `beside` does not list.
    ['domain/roles/rules.ts', `import type { UserView } from '../users/user-view.ts';`],
    ['domain/origins/o.ts', `import { recordAudit } from '../audit/record.ts';`],
    ['domain/emails/render.ts', `import { enqueueEmail } from '../outbox/enqueue-email.ts';`],
    ['domain/rate-limits/reserve.ts', `import { recordAudit } from '../audit/record.ts';`],
    ['domain/totp/totp.ts', `import { spend } from '../factors/spend-second-factor.ts';`],
    ['domain/factors/spend.ts', `import { readCode } from '../otp/code.ts';`],
    ['domain/caller/hold.ts', `import { endSession } from '../sessions/end-sessions.ts';`],
    ['domain/sessions/list.ts', `import { issue } from '../access-tokens/issue.ts';`],
    ['domain/sign-in/login.ts', `import { resetPassword } from '../accounts/reset-password.ts';`],
    ['domain/second-factors/c.ts', `import { resetFactors } from '../admin/reset-factors.ts';`],
    ['domain/accounts/delete.ts', `import { changeUser } from '../admin/change-user.ts';`],
    ['domain/retention/purge.ts', `import { importUsers } from '../import/import-users.ts';`],
    ['domain/helpers/text.ts', `import { sha } from '../addresses/email-address.ts';`],
    // Imports from a higher floor of http and db.
    ['http/hooks/errors.ts', `import type { Answer } from '../graphql/run-cached.ts';`],
    ['http/hooks/head.ts', `import { createServer } from '../server.ts';`],
    ['http/graphql/route.ts', `import { jwksRoute } from '../routes/jwks.route.ts';`],
    ['http/graphql/route.ts', `import { markup } from '../pages/markup.ts';`],
    ['http/routes/oauth.route.ts', `import { createListener } from '../listener.ts';`],
    ['db/driver/pool.ts', `import { sessions } from '../tables/sessions.ts';`],
    ['db/driver/client.ts', `import { findUser } from '../queries/users.ts';`],
    ['db/tables/users.ts', `import { findUser } from '../queries/users.ts';`],
    ['db/queries/users.ts', `import { migratePostgres } from '../migrate.ts';`],
  ])('the check refuses in %s: %s', (file, text) => {
    expect(violations(new Map([[file, text]]))).toHaveLength(1);
  });

  it('the check accepts allowed imports', () => {
    const fine = new Map([
      [
        'domain/otp/verify.ts',
        `import { MailError } from '../../mail/mailer.ts';
         import type { App } from '../../app.ts';`,
      ],
      [
        'domain/factors/rules.ts',
        `import { secondsAfter } from '../../clock.ts';
         import { type A, type B } from '../../context.ts';`,
      ],
      ['config/read-config.ts', `export const environment = () => process.env;`],
      ['http/server.ts', `import type { Logger } from 'pino';\nconst at = new Date(0);`],
    ]);
    expect(violations(fine)).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');

  it('names every room', () => {
    const [, modules = ''] = /^```\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const named = [...modules.matchAll(/([a-z-]+)(?:\.ts\b|\/)/g)].map(([, name]) => name);
    expect(Object.keys(arrows).filter((room) => !named.includes(room))).toEqual([]);
  });

  it('has the floors, from the highest to the lowest', () => {
    const rows = page.match(/^\|.*`.*\|$/gm) ?? [];
    const [head = 0] = rows.flatMap((row, index) => (row.includes('`http/`') ? [index] : []));
    /** The folders of a cell; single files stand for their room. */
    const folders = (cell = '', room: string): string[] => {
      const names = [...cell.replace(/\(.*?\)/g, '').matchAll(/`([^`]+)`/g)].map(
        ([, name]) => name,
      );
      return [...new Set(names.map((name = '') => (name.includes('.') ? room : name)))].sort();
    };
    const cells = (row: string): string[] => row.split('|').slice(1, -1);
    const shown = {
      domain: rows.slice(1, head).map((row) => folders(cells(row)[1], 'domain')),
      http: rows.slice(head + 1).map((row) => folders(cells(row)[1], 'http')),
      db: rows.slice(head + 1).map((row) => folders(cells(row)[3], 'db')),
    };
    for (const [room, found] of Object.entries(shown)) {
      const wanted = [...(floors[room] ?? [])].reverse().map((floor) => [...floor].sort());
      expect([room, found.filter(({ length }) => length > 0)]).toEqual([room, wanted]);
    }
  });
});
