import type { Clock } from '../clock.ts';
import type { Config } from '../config/read-config.ts';
import { openMailboxMailer } from './mailbox-mailer.ts';
import type { Mailer } from './mailer.ts';
import { createResendMailer } from './resend-mailer.ts';
import { createSmtpMailer } from './smtp-mailer.ts';

/**
 * The transport that the configuration names. Rejects for the mailbox transport in production,
 * where users would not receive their codes.
 */
export async function createMailer(
  config: Pick<Config, 'mode' | 'mail' | 'dataDirectory'>,
  options: { readonly clock: Clock },
): Promise<Mailer> {
  switch (config.mail.transport) {
    case 'resend':
      return createResendMailer(config.mail);
    case 'smtp':
      return createSmtpMailer(config.mail);
    case 'mailbox':
      if (config.mode === 'production')
        throw new Error('MAIL_TRANSPORT=mailbox is for development only.');
      return openMailboxMailer({ clock: options.clock, dataDirectory: config.dataDirectory });
  }
}
