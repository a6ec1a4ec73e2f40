import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { Keyboard } from './keyboard.ts';

export type Walker = {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  /** A code that the server has not seen. */
  readonly code: () => string | Promise<string>;
};

export type Walk = {
  readonly page: Page;
  readonly admin: Walker;
  /** The address of the user whom it is about, with a second factor and two devices. */
  readonly target: string;
  /** What happens once the reason of the first change is typed. */
  readonly interrupt?: (page: Page) => Promise<void>;
};

/**
 * An administrator at work, with a keyboard alone: signs in, finds a user by address, signs one
 * device out, gives a role, resets the factors, suspends until tomorrow, sees all of it in the
 * trail under their own name, and reinstates. Returns what was wrong with a stop on the way.
 */
export async function walkConsole(walk: Walk): Promise<string[]> {
  const { page, admin, target } = walk;
  const keyboard = new Keyboard(page);
  await page.goto('/console');
  await signIn(keyboard, walk);
  await keyboard.to('a[href="/console/users"]');
  await page.keyboard.press('Enter');
  await expect.poll(() => keyboard.text()).toBe('Users');
  await keyboard.type('[name=search]', target);
  await page.waitForURL(/search=/);
  await expect.poll(() => page.locator('tbody a').count()).toBe(1);
  await keyboard.to('tbody a');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.cards');

  await open(walk, keyboard, 'Sign out…');
  await keyboard.to('dialog [name=reason]');
  await page.keyboard.type('Lost at the airport');
  await walk.interrupt?.(page);
  if (!(await keyboard.isAt('dialog button'))) await keyboard.toText('Sign out');
  await send(walk, keyboard);

  await open(walk, keyboard, 'Change roles…');
  await expect.poll(() => keyboard.isAt('dialog [name=roles]')).toBe(true);
  await page.keyboard.type('support');
  await keyboard.toText('Change roles');
  await send(walk, keyboard);

  await open(walk, keyboard, 'Reset factors…');
  await expect.poll(() => keyboard.isAt('dialog [name=reason]')).toBe(true);
  await page.keyboard.type('Showed a passport at the desk');
  await send(walk, keyboard);

  await open(walk, keyboard, 'Suspend…');
  await expect.poll(() => keyboard.isAt('dialog select')).toBe(true);
  await page.keyboard.press('ArrowDown');
  await keyboard.to('dialog [name=reason]');
  await page.keyboard.type('Unusual sign-ins');
  await send(walk, keyboard);
  await page.waitForSelector('.status.suspended');

  await open(walk, keyboard, 'Reinstate…');
  await keyboard.to('dialog button.main');
  await send(walk, keyboard);
  await page.waitForSelector('.subhead .status.active');

  const trail = await page.locator('.trail summary').allTextContents();
  for (const what of [
    `Signed out on one device`,
    `Roles changed`,
    `Factors reset`,
    `Suspended`,
    `Reinstated`,
  ])
    expect(trail.filter((line) => line.includes(`${what}by ${admin.name}`))).toHaveLength(1);
  for (const reason of ['Lost at the airport', 'Showed a passport at the desk', 'Unusual sign-ins'])
    expect(trail.filter((line) => line.includes(reason))).toHaveLength(1);
  return keyboard.wrong;
}

async function signIn(keyboard: Keyboard, { page, admin }: Walk): Promise<void> {
  await page.waitForSelector('[name=email]');
  await keyboard.type('[name=email]', admin.email);
  await keyboard.type('[name=password]', admin.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[name=code]');
  await expect.poll(() => keyboard.isAt('[name=code]')).toBe(true);
  await page.keyboard.type(await admin.code());
  await page.keyboard.press('Enter');
  await page.waitForSelector('.figure');
}

async function open({ page }: Walk, keyboard: Keyboard, button: string): Promise<void> {
  await keyboard.toText(button);
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
}

/** Presses Enter, proves who it is where that is asked for, and waits for the screen behind. */
async function send({ page, admin }: Walk, keyboard: Keyboard): Promise<void> {
  await page.keyboard.press('Enter');
  const proof = page.locator('dialog [name=password]');
  const done = page.waitForSelector('dialog', { state: 'detached' });
  const next = await Promise.race([
    done.then(() => 'done'),
    proof.waitFor({ timeout: 0 }).then(
      () => 'proof',
      () => 'done',
    ),
  ]);
  if (next === 'proof') {
    await expect.poll(() => keyboard.isAt('dialog [name=password]')).toBe(true);
    await page.keyboard.type(admin.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog [name=code]');
    await expect.poll(() => keyboard.isAt('dialog [name=code]')).toBe(true);
    await page.keyboard.type(await admin.code());
    await page.keyboard.press('Enter');
    await done;
  }
  // What was pressed, or the heading where it has gone.
  await expect.poll(() => keyboard.isAt('main button, h1')).toBe(true);
}
