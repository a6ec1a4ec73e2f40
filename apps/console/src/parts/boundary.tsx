import { Component, type ReactNode } from 'react';
import { text } from '../text.ts';

type Props = { readonly children: ReactNode };
type State = { readonly hasFailed: boolean };

/**
 * Around the screens: what their code throws, or that a screen's file is gone, which a server that
 * was updated meanwhile no longer has.
 */
export class Boundary extends Component<Props, State> {
  override state: State = { hasFailed: false };

  static getDerivedStateFromError(): State {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main id="main" tabIndex={-1}>
        <h1>{text.broken.title}</h1>
        <div className="notice bad" role="alert">
          <p>{text.broken.text}</p>
          <button type="button" onClick={() => location.reload()}>
            {text.reload}
          </button>
        </div>
      </main>
    );
  }
}
