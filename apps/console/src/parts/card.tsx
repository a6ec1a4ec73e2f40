import { type ReactNode, useId } from 'react';

type Props = {
  readonly title: string;
  /** Beside the heading. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly children: ReactNode;
};

export function Card({ title, actions, wide = false, children }: Props) {
  const id = useId();
  return (
    <section className={wide ? 'card whole' : 'card'} aria-labelledby={id}>
      <div className="head">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** Names and what they stand for. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
