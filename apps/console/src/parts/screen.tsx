import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { text } from '../text.ts';
import { Moment } from './moment.tsx';
import { useTitle } from './use-title.ts';

export type Crumb = { readonly path: string; readonly name: string };

type Props = {
  readonly title: string;
  /** In place of the title, where the heading has more than a text. */
  readonly heading?: ReactNode;
  /** The screens above this one. */
  readonly crumbs?: readonly Crumb[];
  /** Beside the heading. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/** A screen: its way from above, its heading, its part. */
export function Screen({ title, heading, crumbs = [], actions, children }: Props) {
  const ref = useTitle(title);
  return (
    <main id="main" tabIndex={-1}>
      {crumbs.length > 0 && (
        <nav className="crumbs" aria-label={text.crumbs}>
          <ol>
            {crumbs.map(({ path, name }) => (
              <li key={path}>
                <Link href={path}>{name}</Link>
              </li>
            ))}
          </ol>
        </nav>
      )}
      <div className="head">
        <h1 ref={ref} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions}
      </div>
      <Moment />
      {children}
    </main>
  );
}
