import { redirect } from 'next/navigation';
import { signOut } from '../../lib/actions';
import { currentAuth } from '../../lib/auth';

export default async function Account() {
  const account = await (await currentAuth()).account();
  if (!account) redirect('/sign-in');
  return (
    <form action={signOut}>
      <h1>Hello, {account.user.email}</h1>
      <button type="submit">Sign out</button>
    </form>
  );
}
