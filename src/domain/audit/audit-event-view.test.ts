import { describe, expect, it } from 'vitest';
import { splitDetail } from './audit-event-view.ts';

describe('what administrators are told of an event', () => {
  it.each([
    ['user.suspended', { reason: 'Ticket 1', until: 'x' }, 'Ticket 1', { until: 'x' }],
    ['user.reinstated', { by: 'server' }, null, { by: 'server' }],
    ['account.deleted', { reason: 'Ticket 2' }, 'Ticket 2', null],
    ['account.deleted', { cause: 'address_proved_by_another' }, null, { cause: expect.anything() }],
    ['identity.unlinked', { provider: 'x', reason: 'Ticket 3' }, 'Ticket 3', { provider: 'x' }],
    ['session.closed', { reason: 'logout' }, null, { reason: 'logout' }],
    ['identity.login_failed', { reason: 'provider' }, null, { reason: 'provider' }],
    [
      'users.exported',
      { after: null, by: 'command line' },
      null,
      { after: null, by: 'command line' },
    ],
    ['password.changed', null, null, null],
  ])('%s: an administrator’s reason, and %j', (type, detail, reason, rest) => {
    expect(splitDetail({ type, detail })).toEqual({ reason, detail: rest });
  });
});
