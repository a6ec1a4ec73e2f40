import { settings } from '../settings.ts';
import { text } from '../text.ts';

export function Brand() {
  return (
    <span className="brand">
      {settings.logo === null ? <Latchkey /> : <img src={settings.logo} alt="" />}
      <span>
        {settings.productName} <span className="quiet">{text.console}</span>
      </span>
    </span>
  );
}

/** As on the account pages (assets.ts). */
function Latchkey() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.4"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <circle cx="7" cy="12" r="4" />
      <path d="M11 12h11m-4 0v4m4-4v3" />
    </svg>
  );
}
