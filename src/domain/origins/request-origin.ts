import type { Context } from '../../context.ts';
import { describeDevice } from './describe-device.ts';

export type RequestOrigin = {
  readonly at: string;
  readonly device: string | null;
  readonly ipAddress: string;
};

/** The time and origin of a request, for a notice; the mail truncates the address (RC-8). */
export function requestOrigin(ctx: Pick<Context, 'clock' | 'request'>): RequestOrigin {
  return {
    at: ctx.clock.now().toISOString(),
    device: describeDevice(ctx.request.userAgent),
    ipAddress: ctx.request.ipAddress,
  };
}
