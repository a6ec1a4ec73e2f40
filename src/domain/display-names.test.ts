import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { freshAddress, type Person, registerPerson } from '../testing/people.ts';

const zwnj = '\u200c';
const zwj = '\u200d';

/** Names that are written wrong without their joiners, which are kept. */
const kept: [string, string][] = [
  ['a Persian name', `علی${zwnj}رضا محمدی`],
  ['a Persian name of two joining letters', `مه${zwnj}دخت`],
  ['marks beside the joiner', `بِ${zwnj}نٓا`],
  ['Urdu', `بے${zwnj}نظیر`.replace('ے', 'ی')],
  ['Uyghur letters', `ئى${zwnj}گە`],
  ['Syriac', `ܒ${zwnj}ܒ`],
  ['Devanagari, half a letter', `क्${zwj}ष`],
  ['Devanagari, a visible virama', `राजक्${zwnj}षा`],
  ['Sinhala', `ශ්${zwj}රී ලංකා`],
  ['Malayalam, a letter at the end', `അവന്${zwj}`],
  ['Kannada', `ರ್${zwj}ಕ`],
  ['Bengali, ya after ra', `র${zwj}্যাম`],
  ['an emoji of a profession', `Ada 👩${zwj}💻`],
  ['an emoji with a skin', `Ada 👩🏽${zwj}🚀`],
  ['a family', `👨${zwj}👩${zwj}👧${zwj}👦`],
  ['a flag with a selector', `🏳️${zwj}🌈`],
  ['a heart with a selector', `❤️${zwj}🔥`],
  ['a flag in tags', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
];

/** Joiners that join nothing, which are lost: two names would look the same. */
const lost: [string, string, string | null][] = [
  ['between Latin letters', `A${zwj}d${zwnj}a`, 'Ada'],
  ['at both ends', `${zwnj}علی${zwnj}`, 'علی'],
  ['after a letter that joins nothing', `نور${zwnj}الدین`, 'نورالدین'],
  ['beside a space', `علی${zwnj} رضا`, 'علی رضا'],
  ['twice', `علی${zwnj}${zwnj}رضا`, `علی${zwnj}رضا`],
  ['the other joiner between Arabic letters', `علی${zwj}رضا`, 'علیرضا'],
  ['between digits', `1${zwj}2`, '12'],
  ['after an emoji', `Ada 👩${zwj}`, 'Ada 👩'],
  ['between an emoji and a letter', `👩${zwj}A`, '👩A'],
  ['without a virama', `र${zwj}क`, 'रक'],
  ['before a vowel sign', `क्${zwj}ा`, 'क्ा'],
  ['a virama at the end', `नमस्${zwnj}`, 'नमस्'],
  ['a virama that follows no letter', `1्${zwj}क`, '1्क'],
  ['tags without a flag', 'Ada\u{e0041}\u{e0042}', 'Ada'],
  ['between a letter and its accent', `Ame${zwj}\u0301lie`, 'Am\u00e9lie'],
  ['nothing else', `${zwj}${zwnj}`, null],
];

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

const rename = async (name: string) =>
  (await server.mutate('updateProfile', { name }, { token: person.accessToken })).name;

describe('X-50 a name', () => {
  it.each(lost)('loses its joiners %s', async (_title, name, expected) => {
    expect(await rename(name)).toBe(expected);
  });

  it.each(kept)('keeps its joiners: %s', async (_title, name) => {
    expect(await rename(name)).toBe(name.normalize('NFC'));
  });

  it('loses marks of direction and other invisible characters, as before', async () => {
    expect(await rename('\u202eAda\u2066\ufeff')).toBe('Ada');
    expect(await rename('Ada\u2028Lovelace\u0085')).toBe('Ada Lovelace');
  });

  const joined = `علی${zwnj}رضا`;

  it('keeps them in register', async () => {
    const registered = await registerPerson(server, { name: joined });
    const { data } = await server.send(meQuery, {}, { token: registered.accessToken });
    expect(data.me.name).toBe(joined);
  });

  it('keeps them in createUser', async () => {
    const admin = await makeAdministrator(server);
    const created = await server.mutate(
      'createUser',
      { email: freshAddress(), name: `x${zwj}${joined}` },
      { token: admin.accessToken },
    );
    expect(created.name).toBe(`x${joined}`);
  });
});
