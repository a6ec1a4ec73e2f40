import { expect, it } from 'vitest';
import { type Claim, decideLink, type LinkDecision } from './rules.ts';

type Row = readonly [
  address: Claim['address'],
  linking: Claim['linking'],
  registration: Claim['registration'],
  /** For an address without an account, of an unverified, a verified and a suspended one. */
  decisions: readonly [LinkDecision, LinkDecision, LinkDecision, LinkDecision],
];

const table: readonly Row[] = [
  ['verified', 'confirm', 'open', ['register', 'confirm', 'confirm', 'decoy']],
  ['verified', 'confirm', 'invite', ['closed', 'confirm', 'confirm', 'decoy']],
  ['verified', 'verified', 'open', ['register', 'confirm', 'link', 'decoy']],
  ['verified', 'verified', 'invite', ['closed', 'confirm', 'link', 'decoy']],
  ['claimed', 'confirm', 'open', ['confirm', 'confirm', 'confirm', 'decoy']],
  ['claimed', 'confirm', 'invite', ['decoy', 'confirm', 'confirm', 'decoy']],
  ['claimed', 'verified', 'open', ['confirm', 'confirm', 'confirm', 'decoy']],
  ['claimed', 'verified', 'invite', ['decoy', 'confirm', 'confirm', 'decoy']],
  ['none', 'confirm', 'open', ['no-address', 'no-address', 'no-address', 'no-address']],
  ['none', 'verified', 'invite', ['no-address', 'no-address', 'no-address', 'no-address']],
];

const locals = ['none', 'unverified', 'verified', 'suspended'] as const;

it.each(table)(
  'ID-7 ID-8 ID-19 ADV-8 ADV-9 an address %s, linking %s, registration %s: %j',
  (address, linking, registration, decisions) => {
    const decided = locals.map((local) => decideLink({ local, address, linking, registration }));
    expect(decided).toEqual(decisions);
  },
);

it('ID-8 nothing is linked at once unless both sides have verified the address', () => {
  const all = locals.flatMap((local) =>
    table.map(([address, linking, registration]) => ({ local, address, linking, registration })),
  );
  const atOnce = all.filter((claim) => decideLink(claim) === 'link');
  expect(atOnce.length).toBeGreaterThan(0);
  for (const { local, address, linking } of atOnce)
    expect([local, address, linking]).toEqual(['verified', 'verified', 'verified']);
});
