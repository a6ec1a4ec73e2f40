import type { Config } from '../config/read-config.ts';
import { namingVariables } from '../http/listen.ts';
import { type MetricsListener, openMetricsListener } from '../http/routes/metrics.listener.ts';

/** The metrics page of a server; null where METRICS_PORT is off. */
export async function openMetrics(
  { metricsHost: host, metricsPort: port }: Pick<Config, 'metricsHost' | 'metricsPort'>,
  page: () => Promise<string>,
): Promise<MetricsListener | null> {
  if (port === null) return null;
  return namingVariables({ host: 'METRICS_HOST', port: 'METRICS_PORT' }, () =>
    openMetricsListener({ host, port, page }),
  );
}
