import { Field, InputType, ObjectType } from 'type-graphql';
import { AuthAcceptedType } from './errors.types.ts';
import { resultUnion } from './unions.ts';

@ObjectType('AccountExport', {
  description: 'All that is stored about the caller, and nothing secret.',
})
export class AccountExportType {
  @Field(() => String, { description: 'A JSON document.' })
  json: string;

  @Field(() => Date, { description: 'When it was put together.' })
  createdAt: Date;
}

@InputType({ description: 'Input of `exportAccount`.' })
export class ExportAccountInput {
  @Field(() => String, {
    nullable: true,
    defaultValue: 'json',
    description: '`json` is the only one.',
  })
  format?: string | null;
}

@InputType({ description: 'Input of `deleteAccount`.' })
export class DeleteAccountInput {
  @Field(() => String, {
    description: 'The address of the account, typed once more: there is no way back.',
  })
  confirmEmail: string;
}

export const ExportAccountResult = resultUnion(
  'ExportAccountResult',
  'What `exportAccount` answers.',
  () => [AccountExportType],
);
export const DeleteAccountResult = resultUnion(
  'DeleteAccountResult',
  'What `deleteAccount` answers.',
  () => [AuthAcceptedType],
);
