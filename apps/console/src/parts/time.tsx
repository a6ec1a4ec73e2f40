const toTheMinute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** A moment as this browser's language writes it; the zone and the seconds are in its tooltip. */
export function Time({ at, otherwise = '' }: { at: string | null; otherwise?: string }) {
  if (at === null) return <span className="quiet">{otherwise}</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={whole.format(date)}>
      {toTheMinute.format(date)}
    </time>
  );
}
