import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/**
 * Which room may import from which. Arrows point one way: http -> graphql -> domain -> db. A room
 * is a folder of src/ or a file right in it. `types` are imports that vanish when compiled.
 */
const arrows: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>
> = {
  errors: { values: [] },
  clock: { values: [] },
  random: { values: [] },
  gate: { values: [] },
  'secret-keys': { values: [] },
  config: { values: ['mail'] },
  'development-secrets': { values: ['random'], types: ['config'] },
  observability: { values: ['errors'], types: ['config'] },
  db: { values: ['errors', 'gate'], types: ['observability'] },
  mail: { values: [], types: ['clock', 'config'] },
  app: {
    values: [],
    types: ['clock', 'config', 'db', 'domain', 'mail', 'observability', 'random', 'secret-keys'],
  },
  context: { values: [], types: ['app', 'db', 'domain', 'errors'] },
  domain: {
    values: ['clock', 'db', 'errors', 'gate', 'secret-keys'],
    types: ['app', 'config', 'context', 'mail', 'random'],
  },
  graphql: { values: ['db', 'domain', 'errors'], types: ['app', 'context'] },
  http: {
    values: ['db', 'domain', 'errors', 'graphql', 'observability'],
    types: ['app', 'config', 'context', 'mail', 'secret-keys'],
  },
  compose: {
    values: ['clock', 'db', 'domain', 'errors', 'observability', 'random', 'secret-keys'],
    types: ['app', 'config', 'mail'],
  },
  commands: {
    values: [
      'clock',
      'compose',
      'config',
      'db',
      'development-secrets',
      'domain',
      'errors',
      'graphql',
      'http',
      'mail',
    ].concat('observability', 'random', 'secret-keys'),
    types: ['app', 'context'],
  },
  cli: { values: ['commands'] },
  main: { values: ['cli'] },
  // What apps and other backends import: they know the server by its API alone.
  client: { values: [] },
  verify: { values: [] },
};

/**
 * Single files that others may import although their room is closed: they are the room's promise,
 * with no I/O.
 */
const promises: Readonly<Record<string, readonly string[]>> = {
  'domain/rate-limits/budgets.ts': ['config'],
  'mail/mailer.ts': ['domain'],
  'db/driver/host-urls.ts': ['config'],
};

/** Packages that have one home. */
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
  { packages: /^@electric-sql\//, homes: /^(db\/|commands\/dev\.ts$)/ },
  {
    packages: /^graphql(\/|$)|^@apollo\/(?!client\/)/,
    homes: /^(graphql|http)\/|^commands\/schema\.ts$/,
  },
  { packages: /^fastify$|^@fastify\//, homes: /^http\// },
  { packages: /^nodemailer$|^resend$/, homes: /^mail\// },
  { packages: /^@node-rs\//, homes: /^domain\/passwords\/(hasher|verify-foreign-hash)\.ts$/ },
  { packages: /^jose$/, homes: /^(domain|verify)\// },
  { packages: /^otplib$/, homes: /^domain\// },
  { packages: /^@apollo\/client\/|^rxjs$/, homes: /^client\/apollo\.ts$/ },
  { packages: /^@urql\//, homes: /^client\/urql\.ts$/ },
  { packages: /^react$/, homes: /^client\/react\.ts$/ },
  { packages: /^pino(-pretty)?$/, homes: /^observability\//, types: true },
  { packages: /^prom-client$|^@opentelemetry\//, homes: /^observability\// },
  { packages: /^commander$/, homes: /^cli\.ts$/ },
  {
    packages: /^node:(child_process|cluster|worker_threads)$/,
    homes:
      /^(cli|cluster)\.ts$|^commands\/|^http\/pages\/graphiql\/prepare-graphiql\.ts$|^domain\/passwords\/(judge-strength|strength-thread)\.ts$/,
  },
  { packages: /^node:https?$|^node:http2$|^node:tls$/, homes: /^(http|mail)\// },
];

/**
 * Rooms that run in browsers and at the edge: each package in them is named here, and nothing of
 * Node is.
 */
const light: Readonly<Record<string, RegExp>> = {
  client: /^(@apollo\/client\/link|rxjs|@urql\/(core|exchange-auth)|react)$/,
  verify: /^jose$/,
};

/** What a pure decision may stand on (rule 3: rows and time in, verdict out). */
const pure = /^(errors|clock|secret-keys)\.ts$|(^|[/-])rules\.ts$/;

type Import = { readonly from: string; readonly isType: boolean };

function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, isType: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier))
      found.push({ from: specifier.text, isType });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(literalOf(node.argument), true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function literalOf({ literal }: ts.LiteralTypeNode): ts.Expression | undefined {
  return ts.isStringLiteral(literal) ? literal : undefined;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const { namedBindings } = clause;
  if (clause.name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return (
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

/** `process.env`, `Date.now()` and `new Date()`: what comes from outside, beside imports. */
function ambientOf(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node))
      found.push(`${node.expression.getText(source)}.${node.name.text}`);
    if (
      ts.isNewExpression(node) &&
      node.expression.getText(source) === 'Date' &&
      !node.arguments?.length
    ) {
      found.push('new Date()');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');
}

/** Everything in the files, by their path under src/, that goes against the plan; a line each. */
function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) => {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    const room = roomOf(file);
    const plan = arrows[room];
    const bad: string[] = plan ? [] : [`${file}: no place in the plan`];
    for (const { from, isType } of importsOf(source)) {
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
      if (!isOpen) bad.push(`${file}: ${isType ? 'type ' : ''}${target}`);
      if (to === 'db' && /\.resolver\.ts$/.test(file))
        bad.push(`${file}: ${target}, and a resolver asks the domain`);
      if (/(^|\/)rules\.ts$/.test(file) && !isType && !pure.test(target)) {
        bad.push(`${file}: ${target}, and rules do no I/O`);
      }
    }
    for (const ambient of ambientOf(source)) {
      if (ambient === 'process.env' && file !== 'config/read-config.ts')
        bad.push(`${file}: process.env`);
      if (
        /^(Date\.now|new Date\(\)|Math\.random)$/.test(ambient) &&
        ['domain', 'graphql'].includes(room)
      ) {
        bad.push(`${file}: ${ambient}`);
      }
    }
    return bad;
  });
}

function sources(): Map<string, string> {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => file.split('\\').join('/'))
    .filter(
      (file) =>
        /\.tsx?$/.test(file) &&
        !/\.test\.tsx?$|^testing\/|^http\/pages\/graphiql\/page\//.test(file),
    );
  return new Map(files.map((file) => [file, readFileSync(posix.join('src', file), 'utf8')]));
}

describe('the arrows between rooms', () => {
  it('all point the way of the plan', () => {
    const files = sources();
    expect(files.size).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it.each([
    ['domain/otp/verify.ts', `import { x } from '../../graphql/schema.ts';`],
    ['domain/otp/verify.ts', `import type { X } from '../../http/server.ts';`],
    ['domain/otp/verify.ts', `import { eq } from 'drizzle-orm';`],
    ['domain/otp/verify.ts', `import type { SQL } from 'drizzle-orm';`],
    ['domain/otp/verify.ts', `import { createSmtpMailer } from '../../mail/smtp-mailer.ts';`],
    ['domain/otp/verify.ts', `import { readConfig } from '../../config.ts';`],
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
    ['client/index.ts', `import type { Context } from '../context.ts';`],
    ['client/index.ts', `import { gql } from 'graphql-tag';`],
    ['verify/index.ts', `import { verify } from '../domain/access-tokens/verify-access-token.ts';`],
    ['verify/index.ts', `import { Buffer } from 'node:buffer';`],
    ['utils/strings.ts', ''],
  ])('in %s refuse: %s', (file, text) => {
    expect(violations(new Map([[file, text]]))).toHaveLength(1);
  });

  it('let through what the plan allows', () => {
    const fine = new Map([
      [
        'domain/otp/verify.ts',
        `import { MailError } from '../../mail/mailer.ts';\nimport type { App } from '../../app.ts';`,
      ],
      [
        'domain/factors/rules.ts',
        `import { secondsAfter } from '../../clock.ts';\nimport { type A, type B } from '../../context.ts';`,
      ],
      ['config/read-config.ts', `export const environment = () => process.env;`],
      ['http/server.ts', `import type { Logger } from 'pino';\nconst at = new Date(0);`],
    ]);
    expect(violations(fine)).toEqual([]);
  });
});
