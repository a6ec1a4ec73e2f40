const toTheMinute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

type Props = {
  readonly at: string | null;
  readonly otherwise?: string;
  /** With the zone and the seconds. */
  readonly isWhole?: boolean;
};

/** A moment as this browser's language writes it; the zone and the seconds are in its tooltip. */
export function Time({ at, otherwise = '', isWhole = false }: Props) {
  if (at === null) return <span className="quiet">{otherwise}</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={whole.format(date)}>
      {(isWhole ? whole : toTheMinute).format(date)}
    </time>
  );
}
