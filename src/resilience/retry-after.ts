const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<time>\\d{2}:\\d{2}:\\d{2})';

/** The forms that a receiver must understand (RFC 9110, 5.6.7): IMF-fixdate, that of RFC 850, that of asctime. */
const DATES = [
  `[A-Z][a-z]{2}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `[A-Z][a-z]+day, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT`,
  `[A-Z][a-z]{2} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/**
 * For how long `Retry-After` asks to wait.
 *
 * @param now milliseconds since 1970
 * @param max milliseconds; who asks for more gets this
 * @returns milliseconds, 0 for what is past; null where the header is absent or says nothing
 */
export function retryAfter(header: string | string[] | undefined, now: number, max: number): number | null {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined) return null;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : timeOf(value, now) - now;
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), max);
}

/** Milliseconds since 1970, or NaN. */
function timeOf(date: string, now: number): number {
  for (const form of DATES) {
    const { day = '', month = '', year = '', time = '' } = form.exec(date)?.groups ?? {};
    if (year === '') continue;
    const monthNumber = MONTHS.indexOf(month) + 1;
    const rest = `${two(monthNumber)}-${two(Number(day))}T${time}.000Z`;
    // Date.parse counts 30 February on into March; no calendar has it.
    const parsed = Date.parse(`${year.length === 2 ? century(year, now) : year}-${rest}`);
    return new Date(parsed).getUTCDate() === Number(day) ? parsed : Number.NaN;
  }
  return Number.NaN;
}

/** Two digits that look more than 50 years ahead mean the past (RFC 9110, 5.6.7). */
function century(year: string, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const guess = thisYear - (thisYear % 100) + Number(year);
  return guess > thisYear + 50 ? guess - 100 : guess;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
