const ISO_8601_DURATION =
  /^P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds (`PT5M`, `P1DT12H`, `PT0.25S`).
 * Years and months have no fixed length and are refused. A day is 24 hours.
 *
 * @returns milliseconds, or `undefined` where the text is no such duration
 * @see ISO 8601-1:2019, 5.5.2
 */
export function parseDuration(text: string): number | undefined {
  const match = ISO_8601_DURATION.exec(text);
  if (!match) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.round(
    (weeks ?? 0) * 7 * DAY +
      (days ?? 0) * DAY +
      (hours ?? 0) * HOUR +
      (minutes ?? 0) * MINUTE +
      (seconds ?? 0) * SECOND,
  );
}

/** Writes milliseconds as the shortest ISO 8601 duration of hours, minutes and seconds: 90000 is `PT1M30S`. */
export function formatDuration(milliseconds: number): string {
  const hours = Math.floor(milliseconds / HOUR);
  const minutes = Math.floor((milliseconds % HOUR) / MINUTE);
  const seconds = (milliseconds % MINUTE) / SECOND;
  const parts = `${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds ? `${seconds}S` : ''}`;
  return `PT${parts || '0S'}`;
}
