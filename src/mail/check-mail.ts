import type { MailSettings } from '../config/read-config.ts';
import { checkResend } from './resend-mailer.ts';
import { checkSmtp } from './smtp-mailer.ts';

/** Checks that mail can be sent as configured, without sending any. Rejects with a MailError. */
export async function checkMail(settings: MailSettings): Promise<void> {
  switch (settings.transport) {
    case 'smtp':
      return checkSmtp(settings);
    case 'resend':
      return checkResend(settings);
    case 'mailbox':
      return;
  }
}
