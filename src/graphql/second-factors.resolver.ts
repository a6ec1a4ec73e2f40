import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import type { PasskeyChallenge } from '../domain/passkeys/begin-ceremony.ts';
import type { PasskeyView } from '../domain/passkeys/passkey-view.ts';
import type { PasskeySignals } from '../domain/passkeys/signals.ts';
import type { RecoveryCodes } from '../domain/recovery-codes/issue-recovery-codes.ts';
import { confirmPasskeyRegistration } from '../domain/second-factors/confirm-passkey.ts';
import { confirmTotpEnrollment } from '../domain/second-factors/confirm-totp-enrollment.ts';
import { disableTotp } from '../domain/second-factors/disable-totp.ts';
import { regenerateRecoveryCodes } from '../domain/second-factors/regenerate-recovery-codes.ts';
import { removePasskey } from '../domain/second-factors/remove-passkey.ts';
import { renamePasskey } from '../domain/second-factors/rename-passkey.ts';
import { startPasskeyRegistration } from '../domain/second-factors/start-passkey.ts';
import {
  startTotpEnrollment,
  type TotpEnrollment,
} from '../domain/second-factors/start-totp-enrollment.ts';
import {
  ConfirmPasskeyRegistrationInput,
  ConfirmPasskeyRegistrationResult,
  RemovePasskeyInput,
  RemovePasskeyResult,
  RenamePasskeyInput,
  RenamePasskeyResult,
  StartPasskeyRegistrationInput,
  StartPasskeyRegistrationResult,
} from './passkeys.types.ts';
import {
  ConfirmTotpEnrollmentInput,
  ConfirmTotpEnrollmentResult,
  DisableTotpInput,
  DisableTotpResult,
  RegenerateRecoveryCodesInput,
  RegenerateRecoveryCodesResult,
  StartTotpEnrollmentInput,
  StartTotpEnrollmentResult,
} from './second-factors.types.ts';

@Resolver()
export class SecondFactorsResolver {
  @Mutation(() => StartTotpEnrollmentResult, {
    description:
      'Begins to set up an authenticator app. The app in force, if any, stays so until a code of ' +
      'the new one comes back. Needs a recent step-up.',
  })
  startTotpEnrollment(
    @Arg('input', () => StartTotpEnrollmentInput, { description: 'What to call it.' })
    input: StartTotpEnrollmentInput,
    @Ctx() ctx: Context,
  ): Promise<TotpEnrollment> {
    return startTotpEnrollment(ctx, input);
  }

  @Mutation(() => ConfirmTotpEnrollmentResult, {
    description:
      'Puts the app in force and makes recovery codes. Signing in takes a code from then on; ' +
      'every other session ends. Needs a recent step-up.',
  })
  confirmTotpEnrollment(
    @Arg('input', () => ConfirmTotpEnrollmentInput, {
      description: 'The enrolment and a code of the app.',
    })
    input: ConfirmTotpEnrollmentInput,
    @Ctx() ctx: Context,
  ): Promise<RecoveryCodes> {
    return confirmTotpEnrollment(ctx, input);
  }

  @Mutation(() => DisableTotpResult, {
    description:
      'Takes away the app and the recovery codes; every other session ends. Needs a recent ' +
      'step-up with the second factor.',
  })
  disableTotp(
    @Arg('input', () => DisableTotpInput, {
      description: 'A code, where the session has proved none.',
    })
    input: DisableTotpInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return disableTotp(ctx, input);
  }

  @Mutation(() => RegenerateRecoveryCodesResult, {
    description:
      'A new set of recovery codes; the old one is dead, and every other session ends. Needs a ' +
      'recent step-up with the second factor.',
  })
  regenerateRecoveryCodes(
    @Arg('input', () => RegenerateRecoveryCodesInput, {
      description: 'A code, where the session has proved none.',
    })
    input: RegenerateRecoveryCodesInput,
    @Ctx() ctx: Context,
  ): Promise<RecoveryCodes> {
    return regenerateRecoveryCodes(ctx, input);
  }

  @Mutation(() => StartPasskeyRegistrationResult, {
    description:
      'Begins the registration of a passkey. Needs a recent step-up; `conditional`, right after ' +
      'a password sign-in, does not.',
  })
  startPasskeyRegistration(
    @Arg('input', () => StartPasskeyRegistrationInput, { description: 'How it is asked for.' })
    input: StartPasskeyRegistrationInput,
    @Ctx() ctx: Context,
  ): Promise<PasskeyChallenge> {
    return startPasskeyRegistration(ctx, input);
  }

  @Mutation(() => ConfirmPasskeyRegistrationResult, {
    description:
      'Adds the passkey that the browser has made. Every other session ends, except where it was ' +
      'asked for without a click.',
  })
  confirmPasskeyRegistration(
    @Arg('input', () => ConfirmPasskeyRegistrationInput, {
      description: "The ceremony and the browser's answer.",
    })
    input: ConfirmPasskeyRegistrationInput,
    @Ctx() ctx: Context,
  ): Promise<PasskeyView> {
    return confirmPasskeyRegistration(ctx, input);
  }

  @Mutation(() => RenamePasskeyResult, { description: 'Gives a passkey another name.' })
  renamePasskey(
    @Arg('input', () => RenamePasskeyInput, { description: 'The passkey and its name.' })
    input: RenamePasskeyInput,
    @Ctx() ctx: Context,
  ): Promise<PasskeyView> {
    return renamePasskey(ctx, input);
  }

  @Mutation(() => RemovePasskeyResult, {
    description:
      'Takes a passkey away, but for the last way into the account; every other session ends. ' +
      'The answer is for the password manager. Needs a recent step-up.',
  })
  removePasskey(
    @Arg('input', () => RemovePasskeyInput, { description: 'The passkey.' })
    input: RemovePasskeyInput,
    @Ctx() ctx: Context,
  ): Promise<PasskeySignals> {
    return removePasskey(ctx, input);
  }
}
