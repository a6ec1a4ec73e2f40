import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';
import { expect, it } from 'vitest';
import { loadStrengthEstimator } from './estimate-strength.ts';

/** Words that are in several lists, in one, and in a sequence; one that is a member of objects. */
const words = ['password', 'dragon', 'the', 'monday', 'seven', 'smith', 'abacus', 'constructor'];
const forms: readonly ((word: string, other: string) => string)[] = [
  (word) => word,
  (word) => `${word}${word}`,
  (word, other) => `${word} ${other} 1987`,
  (word, other) => `${other.toUpperCase()}-${word}`,
  (word) => [...word].toReversed().join(''),
  (word, other) => `${word.replaceAll('a', '4').replaceAll('s', '$')}_${other}!`,
  (word, other) => `x7${word.slice(0, 4)}${other}qwerty`,
];
const sequences = ['mondaytuesdaywednesday', 'one two three', 'januaryfebruary1', 'redgreenblue77'];

it('PW-11 estimates the same with merged lists as zxcvbn does with its own', async () => {
  const plain = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    maxLength: 64,
  });
  const { zxcvbn } = await loadStrengthEstimator();
  const passwords = words.flatMap((word, index) =>
    forms.map((form) => form(word, words[(index * 5 + 3) % words.length] ?? '')),
  );
  for (const password of [
    ...passwords,
    ...sequences,
    '',
    'ada.lovelace',
    'correct horse battery',
  ]) {
    const own = ['ada.lovelace@example.com', 'ada', 'lovelace'];
    const { guesses, score } = zxcvbn.check(password, own);
    const expected = plain.check(password, own);
    expect({ password, guesses, score }).toEqual({
      password,
      guesses: expected.guesses,
      score: expected.score,
    });
  }
});
