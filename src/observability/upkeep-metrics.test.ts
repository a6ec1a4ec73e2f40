import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import { replicaLags } from '../db/queries/replica-lag.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { countOf } from '../testing/metrics-page.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { certificateExpiry } from './certificate-expiry.ts';
import { createMetrics, formatMetrics, type Metrics } from './metrics.ts';

describe('X-38 what goes wrong slowly is on the metrics page', () => {
  let server: TestServer;
  let metrics: Metrics;
  beforeAll(async () => {
    metrics = await createMetrics();
    server = await startTestServer({ metrics });
  });
  afterAll(() => server.stop());
  const page = async () => formatMetrics([await metrics.snapshot()]);

  it('the age of the signing key, its rotation, and the last purge', async () => {
    const began = server.clock.now().getTime() / 1000;
    server.clock.advance(5 * 86_400);
    const text = await page();
    const age = countOf(text, 'latchkey_signing_key_age_seconds');
    expect(Math.round(age / 86_400)).toBe(5);
    expect(countOf(text, 'latchkey_signing_key_rotation_seconds')).toBe(
      server.app.config.signingKeyRotation ?? 0,
    );
    expect(countOf(text, 'latchkey_purge_timestamp_seconds')).toBeCloseTo(began, -1);
    // Nothing of a certificate or replica where there is none.
    expect(text).not.toMatch(/^latchkey_(certificate|replica)\w+(\{.*\})? /m);
  });

  it('the end of the certificate, of the chain’s first to end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    const file = join(folder, 'cert.pem');
    expect(certificateExpiry(file)).toBeNull();
    const { cert } = selfSigned();
    await writeFile(file, `${cert}\n${cert}`);
    const end = certificateExpiry(file);
    expect(end?.getTime()).toBeGreaterThan(Date.now());
    await writeFile(file, 'no certificate');
    expect(certificateExpiry(file)).toBeNull();
    await rm(folder, { recursive: true });
  });

  it('a replica that does not answer is endlessly behind; a primary is not behind', async () => {
    const { url } = server.database;
    const database = openPostgres({
      url: url ?? '',
      replicaUrls: ['postgres://u:p@127.0.0.1:1/x?sslmode=disable', url ?? ''],
      maxConnections: 2,
      applicationName: 'replicas',
      statementTimeoutMs: 5000,
    });
    expect(await replicaLags(database)).toEqual([Number.POSITIVE_INFINITY, 0]);
    await database.close();
  });
});
