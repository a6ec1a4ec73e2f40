import { codeIn, type TestServer } from './app.ts';

type Reader = Pick<TestServer, 'allMail'>;

/** The code of the newest mail that has one, once every mail is out. */
export async function newestCode(server: Reader, email: string): Promise<string> {
  const mails = await server.allMail(email);
  return mails.map(codeIn).find((code) => code !== null) ?? 'no code';
}

/** The token of the newest mail with a link to choose a password. */
export async function newestResetToken(server: Reader, email: string): Promise<string> {
  const mails = await server.allMail(email);
  const tokens = mails.map(({ text }) => /\/reset-password#token=([\w-]+)/.exec(text)?.[1]);
  return tokens.find((token) => token !== undefined) ?? 'no token';
}
