/**
 * Documents as an attacker would send them, after graphql-cop, the GraphQL Cheat Sheet of OWASP and
 * published advisories.
 */
export type HostileDocument = { readonly name: string; readonly query: string };

function times(count: number, part: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => part(n)).join(' ');
}

const login = '(input: { email: "a@example.com", password: "wrong words" }) { __typename }';
const verify = (n: number) =>
  `(input: { challengeId: "x", code: "${String(n).padStart(6, '0')}" }) { __typename }`;

/** Spreads of the same fragment twice. */
const twice = (n: number) => `...F${n} ...F${n}`;

/** Fragments that each spread the next one, and the last one the first. */
const cycle = (length: number) =>
  times(length, (n) => `fragment F${n} on Query { me { id } ...F${(n + 1) % length} }`);

/** Each must be refused before any resolver runs. */
export const hostileDocuments: readonly HostileDocument[] = [
  // Aliases and repeated fields (GQ-4, ADV-38, ADV-52).
  {
    name: '30 aliases of login',
    query: `mutation { ${times(30, (n) => `a${n}: login${login}`)} }`,
  },
  { name: '2 aliases of login', query: `mutation { a: login${login} b: login${login} }` },
  { name: 'login twice without an alias', query: `mutation { login${login} login${login} }` },
  {
    name: '2 verifyOtp through fragments',
    query:
      `mutation { ...A ...B } fragment A on Mutation { a: verifyOtp${verify(1)} } ` +
      `fragment B on Mutation { b: verifyOtp${verify(2)} }`,
  },
  {
    name: 'one fragment with verifyOtp, spread in inline fragments',
    query:
      `mutation { ... on Mutation { x: verifyOtp${verify(1)} } ` +
      `... on Mutation { ... { y: verifyOtp${verify(2)} } } }`,
  },
  {
    name: 'login beside verifyOtp',
    query: `mutation { login${login} verifyOtp${verify(1)} }`,
  },
  {
    name: 'login in two operations',
    query: `mutation A { login${login} } mutation B { login${login} }`,
  },
  {
    name: 'login behind @include, twice',
    query:
      `mutation M($yes: Boolean = true) { ... @include(if: $yes) { a: login${login} } ` +
      `... @skip(if: $yes) { b: login${login} } }`,
  },
  {
    name: '100 aliases of verifyOtp',
    query: `mutation { ${times(100, (n) => `a${n}: verifyOtp${verify(n)}`)} }`,
  },
  { name: '101 aliases of me', query: `{ ${times(101, (n) => `a${n}: me { id }`)} }` },
  {
    name: '16 aliases of authOptions',
    query: `{ ${times(16, (n) => `a${n}: authOptions { otpLength }`)} }`,
  },
  // Multiple operations (GQ-5).
  { name: '6 operations', query: times(6, (n) => `query Q${n} { me { id } }`) },
  { name: '100 operations', query: times(100, (n) => `query Q${n} { me { id } }`) },
  // Directives (GQ-6).
  { name: '10 unknown directives at one field', query: `{ __typename ${times(10, () => '@aa')} }` },
  {
    name: '500 @skip at one field',
    query: `{ me { id ${times(120, () => '@skip(if: false)')} } }`,
  },
  {
    name: 'directives everywhere',
    query: `{ ${times(40, (n) => `... @include(if: true) { me { id } } # ${n}\n`)} }`,
  },
  { name: '1,000 @a', query: `{ __typename ${times(1000, () => '@a')} }` },
  // Fields and breadth (GQ-2).
  { name: '500 __typename', query: `{ ${times(500, () => '__typename')} }` },
  { name: '3,000 ids', query: `{ me { ${times(3000, () => 'id')} } }` },
  {
    name: '990 ids, just under the limit of tokens',
    query: `{ me { ${times(990, () => 'id')} } }`,
  },
  {
    name: '110 me with an argument each',
    query: `{ ${times(110, (n) => `me(x${n}: 1) { id }`)} }`,
  },
  { name: '500 unknown fields', query: `{ ${times(500, (n) => `f${n}`)} }` },
  // Depth and nesting (GQ-1).
  { name: '9 levels', query: `{ ${times(8, (n) => `a${n % 2} {`)} x ${times(8, () => '}')} }` },
  { name: '300 levels', query: `{ ${times(300, () => 'me {')} id ${times(300, () => '}')} }` },
  {
    name: '9 levels through fragments',
    query:
      `{ ...F0 } ${times(9, (n) => `fragment F${n} on Query { me { ...F${n + 1} } }`)} ` +
      'fragment F9 on Query { __typename }',
  },
  {
    name: '300 inline fragments',
    query: `{ ${times(300, () => '... {')} me { id } ${times(300, () => '}')} }`,
  },
  { name: '400 levels of lists', query: `{ me(x: ${'['.repeat(400)}${']'.repeat(400)}) { id } }` },
  { name: '20,000 brackets', query: '{'.repeat(20_000) },
  // Fragments (GQ-3, ADV-36).
  {
    name: '30 fragments that double each other',
    query:
      `{ ...F0 } ${times(30, (n) => `fragment F${n} on Query { ${twice(n + 1)} }`)} ` +
      'fragment F30 on Query { __typename }',
  },
  {
    name: '19 fragments that double each other',
    query:
      '{ ...F0 } ' +
      times(18, (n) => `fragment F${n} on Query { a: me { id } ${twice(n + 1)} }`) +
      ' fragment F18 on Query { __typename }',
  },
  {
    name: '18 fragments of eight spreads each',
    query:
      '{ ...F0 } ' +
      times(18, (n) => `fragment F${n} on Query { ${times(8, () => `...F${n + 1}`)} }`) +
      ' fragment F18 on Query { __typename }',
  },
  {
    name: '16 fragments of introspection that double each other',
    query:
      '{ __schema { types { ...F0 } } } ' +
      times(16, (n) => `fragment F${n} on __Type { name ${twice(n + 1)} }`) +
      ' fragment F16 on __Type { kind }',
  },
  {
    name: 'a fragment that contains itself',
    query: '{ ...A } fragment A on Query { me { id } ...A }',
  },
  {
    name: '15 fragments in a cycle',
    query: `{ ...F0 } ${cycle(15)}`,
  },
  {
    name: '60 fragments',
    query: `{ me { id } } ${times(60, (n) => `fragment F${n} on User { id }`)}`,
  },
  {
    name: 'two fragments of one name',
    query:
      'mutation { ...A } fragment A on Mutation { __typename } ' +
      `fragment A on Mutation { login${login} }`,
  },
  // Long texts.
  {
    name: 'a string of 50,000 characters in an unknown field',
    query: `{ nothing(x: "${'x'.repeat(50_000)}") }`,
  },
  { name: 'a name of 50,000 characters', query: `{ ${'x'.repeat(50_000)} }` },
  { name: '50,000 characters of comments', query: `{ nothing } ${'#\n'.repeat(25_000)}` },
  { name: 'an unterminated string', query: `{ me(x: "${'\\u0041'.repeat(8000)}` },
  {
    name: '50,000 commas among the variables',
    query: `query Q($a: Int${','.repeat(50_000)}) { nothing }`,
  },
  { name: '200 variables', query: `query Q(${times(200, (n) => `$v${n}: Int`)}) { me { id } }` },
  // Features that the API does not support (GQ-17).
  { name: 'a subscription', query: 'subscription { me { id } }' },
  { name: '@defer', query: '{ me { id ... @defer { email } } }' },
  { name: '@stream', query: '{ me { roles @stream(initialCount: 0) } }' },
  { name: 'a type definition', query: 'type Query { me: Int }' },
  { name: 'an empty document', query: '# nothing' },
];
