import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
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

describe('X-38 the expiry of the certificate is that of the one that is served', () => {
  const [first, second, third] = ['20400101000000Z', '20500101000000Z', '20600101000000Z'].map(
    (expiry) => selfSigned('localhost', expiry),
  );
  if (!first || !second || !third) throw new Error('There are three.');
  let files: { readonly certFile: string; readonly keyFile: string };
  let server: TestServer;
  let metrics: Metrics;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    await replace(first.cert, first.key);
    metrics = await createMetrics();
    server = await startTestServer({
      config: { publicUrl: 'https://localhost', tls: files },
      metrics,
      server: { limits: { certificateChecks: 20 } },
    });
  });
  afterAll(async () => {
    await server.stop();
    await rm(join(files.certFile, '..'), { recursive: true });
  });
  const replace = async (cert: string, key: string): Promise<void> => {
    await writeFile(files.keyFile, key);
    await writeFile(files.certFile, cert);
  };
  /** Waits for a line of the log that was written after those so far. */
  const nextLine = async (event: string): Promise<void> => {
    const before = server.logLines.length;
    await expect
      .poll(() => server.logLines.slice(before).some((line) => line.includes(event)), {
        timeout: 60_000,
      })
      .toBe(true);
  };
  const served = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(server.url);
      const socket = connect(Number(port), '127.0.0.1', { rejectUnauthorized: false }, () => {
        resolve(new Date(socket.getPeerCertificate().valid_to).getUTCFullYear());
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const measured = async (): Promise<number> => {
    const page = await formatMetrics([await metrics.snapshot()]);
    const seconds = countOf(page, 'latchkey_certificate_expiry_timestamp_seconds');
    return new Date(seconds * 1000).getUTCFullYear();
  };
  const years = async () => [await served(), await measured()];

  it('and stays where a new one has another key, cannot be parsed, or is gone', async () => {
    expect(await years()).toEqual([2040, 2040]);
    await writeFile(files.certFile, second.cert);
    await nextLine('certificate.not_renewed');
    expect(await years()).toEqual([2040, 2040]);
    await writeFile(files.certFile, 'no certificate');
    await nextLine('certificate.not_renewed');
    expect(await years()).toEqual([2040, 2040]);
    await rm(files.certFile);
    await nextLine('certificate.not_renewed');
    expect(await years()).toEqual([2040, 2040]);
  });

  it('and follows one that is taken up, or the first of its chain that expires', async () => {
    const renewed = nextLine('certificate.renewed');
    await replace(third.cert, third.key);
    await renewed;
    expect(await years()).toEqual([2060, 2060]);
    const again = nextLine('certificate.renewed');
    await replace(`${third.cert}${second.cert}`, third.key);
    await again;
    expect(await years()).toEqual([2060, 2050]);
  });

  it('is unknown of a file without any', () => {
    expect(certificateExpiry('no certificate')).toBeNull();
    const trusted = first.cert.replaceAll('CERTIFICATE', 'X509 CERTIFICATE');
    expect(certificateExpiry(trusted)?.getUTCFullYear()).toBe(2040);
  });
});
