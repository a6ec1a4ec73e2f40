import { type RefObject, useEffect, useRef } from 'react';
import { settings } from '../settings.ts';

/** Whether a page was shown before this one: the first leaves the focus to the browser. */
let hasShown = false;

/**
 * Names the tab, and moves the focus to the heading of a page that has taken another's place, so
 * that a reader is told of it.
 */
export function useTitle(title: string): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${settings.productName}`;
  }, [title]);
  useEffect(() => {
    const page = heading.current?.closest('main');
    // A field that asks for the next thing to type has taken it already.
    const isTaken = page?.contains(document.activeElement);
    if (hasShown && !isTaken) heading.current?.focus();
    hasShown = true;
  }, []);
  return heading;
}
