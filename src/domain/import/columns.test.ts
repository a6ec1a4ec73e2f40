import { describe, expect, it } from 'vitest';
import { Columns, fieldOf } from './columns.ts';
import { checkColumns, readRecords } from './read-records.ts';

async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

const none = {
  format: null,
  columns: new Map<string, string>(),
  onFault: () => {},
  onIgnored: () => {},
};

describe('X-46 columns that keep people out', () => {
  it.each([
    ['suspended', 'suspended suspended_at isBlocked blocked is_banned banned_at bannedAt locked'],
    ['suspended', 'locked_at accountLocked is_account_locked isLockedOut IsDisabled disabled_at'],
    ['suspended', 'deactivated_at deleted deleted_at is_deleted deletedAt deletedOn soft_deleted'],
    [
      'suspended',
      'archived_at discarded_at removed_at user_blocked login_disabled spam revoked_at',
    ],
    ['suspended', 'del_flag delete_flag is_del revoked_timestamp access_revoked disabledSince'],
    ['suspended', 'expired account_expired accountExpired isExpired user_expired'],
    ['suspendedUntil', 'banned_until locked_until lockout_end LockoutEnd LockoutEndDateUtc'],
    ['suspendedUntil', 'banExpires ban_expires_at suspended_until lock_expires blocked_till'],
    ['active', 'active is_active isActive enabled is_enabled account_enabled accountEnabled'],
    ['active', 'IsApproved approved_at activated activated_at accountNonLocked can_login enable'],
    [
      'activeUntil',
      'account_expires accountExpires expires_at valid_until active_until expired_at',
    ],
    ['status', 'status user_status account_status UserStatus account_state'],
    ['emailVerified', 'email_verified emailVerified confirmed_at EmailConfirmed is_verified'],
    ['emailVerified', 'email_verified_at email_confirmed_at verified confirmed is_confirmed'],
    ['resetRequired', 'must_change_password force_password_change password_reset_required'],
    ['resetRequired', 'forceResetPassword requires_password_reset password_expired'],
    ['resetRequired', 'credentials_expired credentialsExpired'],
    ['secondFactor', 'mfa_enabled TwoFactorEnabled two_factor_secret otp_required_for_login'],
    ['secondFactor', 'totp_secret mfaInfo is_2fa_enabled webauthn_credentials multifactor'],
    ['suspended', 'del_yn DEL_FLG acc_locked accdisabled lockout_flg'],
    ['active', 'use_yn USE_YN active_ind canAuthenticate accountNonExpired'],
    ['resetRequired', 'changePasswordAtNextLogin password_must_change pwdReset'],
    [
      'secondFactor',
      'tfa_secret isEnrolledIn2Sv strongAuthenticationMethods user_otp_secret factors',
    ],
    ['secondFactor', 'otp_key totpAuth hotp_secret u2f_keys fido2_credentials yubikey_id authy_id'],
    [
      'secondFactor',
      'security_keys twofa_secret two_fa backup_code_enabled scratch_codes gauth_key',
    ],
    ['secondFactor', 'is_multi_factor_auth_enabled two_factor_confirmed_at otp_secret'],
  ])('are known: %s', (field, columns) => {
    for (const column of columns.split(' '))
      expect([column, fieldOf(column)]).toEqual([column, field]);
  });

  const lookalikes =
    'blocked_for_fraud isFlagged marketing_allowed lock_level account_standing state hold ' +
    'shadowbanned is_restricted closure disabled_by_admin enabled_features quarantine ' +
    'gesperrt bloqueado membership_status kyc_verified email_validated subscription_active ' +
    'app_metadata.blocked ' +
    'MEMBERSTATUS statusid ISVALID userAccountControl nsAccountLock nologin authorized permitted ' +
    'destroyed_at excluded merged_into is_pending end_date leaveDate bantype shadowban onhold ' +
    'gelöscht Sperre supprimé bloqué actif état estado eliminado habilitado ativo attivo 状態 ' +
    '削除フラグ حالة статус no_login user_account_control tombstoned tombstoned_at public_locked ' +
    'clock_locked unconfirmed_locked credentialsNonExpired credentials_expire_at';
  it.each(lookalikes.split(' '))('that nobody has settled stop the run: %s', async (column) => {
    const csv = `email,${column}\na@example.com,1\n`;
    const json = JSON.stringify({ email: 'a@example.com' });
    const late = `${json}\n${json}\n${JSON.stringify({ email: 'b@example.com', [column]: 1 })}\n`;
    const waived = new Set([column]);
    const columns = new Map([[column, 'suspended']]);
    for (const text of [csv, late, `[${late.trim().replaceAll('\n', ',\n')}]`]) {
      await expect(checkColumns(bytesOf(text), none)).rejects.toThrow(`\`${column}\``);
      await checkColumns(bytesOf(text), { ...none, waived });
      await checkColumns(bytesOf(text), { ...none, columns });
    }
    const records = [];
    for await (const record of readRecords(bytesOf(csv), { ...none, columns }))
      records.push(record);
    expect(records).toEqual([{ lineNumber: 2, line: { email: 'a@example.com', suspended: '1' } }]);
  });

  it.each([
    [
      'phone',
      'phone phone_verified clock_format blockchain_address last_active_at lockout_enabled',
    ],
    ['tokens', 'unlock_token confirmation_token confirmation_sent_at failed_attempts image_url'],
    ['codes', 'reset_password_token_expires_at verification_code unconfirmed_email bank_account'],
    [
      'others',
      'banner_url google_auth_id hotpatch duo validSince tokensValidAfterTime stateless estate ' +
        'multifactor_last_modified worldclock',
    ],
    ['ours', 'username photo_path platform created_by_app SecurityStamp AccessFailedCount'],
  ])('that only sound like it stop nothing: %s', (_name, columns) => {
    const known = new Columns({ mapped: new Map(), waived: new Set() });
    for (const column of columns.split(' ')) expect(known.fieldOf(column)).toBeNull();
    expect(known.unsettled).toEqual([]);
  });

  it('that keep nobody from signing in are passed over by name', async () => {
    const ignored: string[] = [];
    const onIgnored = (names: readonly string[]): number => ignored.push(...names);
    const columns = ['is_muted', 'muted_until', 'login_no', 'clock'];
    const rows = [['email', ...columns].join(','), 'a@example.com,1,2099-01-01,7,24h', ''];
    for await (const { line } of readRecords(bytesOf(rows.join('\n')), { ...none, onIgnored }))
      expect(line).toEqual({ email: 'a@example.com' });
    expect(ignored).toEqual(columns);
  });

  it('inside of a member count, too, and can be mapped by their path', async () => {
    const record = { email: 'a@example.com', app_metadata: { blocked: true, plan: 'x' } };
    const text = JSON.stringify(record);
    const path = 'app_metadata.blocked';
    await expect(checkColumns(bytesOf(text), none)).rejects.toThrow(path);
    await checkColumns(bytesOf(text), { ...none, waived: new Set(['app_metadata']) });
    const columns = new Map([[path, 'suspended']]);
    for await (const { line } of readRecords(bytesOf(text), { ...none, columns }))
      expect(line).toMatchObject({ suspended: true });
  });

  it('are told by their reason only where nothing else tells', async () => {
    await expect(checkColumns(bytesOf('email,ban_reason\n'), none)).rejects.toThrow('ban_reason');
    await checkColumns(bytesOf('email,banned,ban_reason\n'), none);
  });
});
