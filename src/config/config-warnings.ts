import type { Config } from './read-config.ts';
import { isPlainAndRemote } from './readers.ts';

const insecureRelay =
  'SMTP_ALLOW_INSECURE is on: codes and links in mail may cross the network in the clear, and ' +
  'the login of an smtp:// URL is not sent.';

/** Settings that are allowed but unwise, a sentence each, for the log at start. */
export function configWarnings(config: Config): string[] {
  if (config.mode !== 'production') return [];
  const warnings: string[] = [];
  if (config.rateLimitMultiplier > 10) {
    warnings.push(
      'RATE_LIMIT_MULTIPLIER is over 10: attempts to guess passwords and codes are hardly limited.',
    );
  }
  if (
    config.publicUrl.startsWith('https://') &&
    config.tls === null &&
    config.trustedProxies.length === 0
  ) {
    warnings.push(
      'PUBLIC_URL is https, and neither TRUSTED_PROXIES nor TLS_CERT_FILE is set: every ' +
        'request is taken for plain http and refused.',
    );
  }
  if (config.introspection) warnings.push('INTROSPECTION is on: anyone may read the whole schema.');
  const urls = [config.databaseUrl ?? '', ...config.databaseReplicaUrls];
  if (urls.some((url) => url !== '' && isPlainAndRemote(url)))
    warnings.push('The database is on another machine and its connection is not under TLS.');
  if (config.mail.transport === 'smtp' && config.mail.allowInsecure) warnings.push(insecureRelay);
  return warnings;
}
