import type { ReactNode } from 'react';
import { Brand } from './brand.tsx';
import { useTitle } from './use-title.ts';

/** A page of one task, without navigation: as the account pages are. */
export function Alone({ title, children }: { title: string; children: ReactNode }) {
  const heading = useTitle(title);
  return (
    <div className="alone">
      <header>
        <Brand />
      </header>
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children}
      </main>
    </div>
  );
}
