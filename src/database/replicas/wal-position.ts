/** PostgreSQL's log comes in pages of so many bytes, unless somebody compiled it otherwise. */
const PAGE = 8192n;

/** The longest header of a page, in bytes (xlog_internal.h). */
const LONGEST_HEADER = 40n;

/**
 * A place in PostgreSQL's write-ahead log, as a number. Where the next record will begin a page, the primary counts
 * its header, and a replica does not, who has read all there is: for both, the page begins here.
 *
 * @param lsn `16/B374D848`
 */
export function walPosition(lsn: string): bigint {
  const [high = '', low = ''] = lsn.split('/');
  const position = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
  const inPage = position % PAGE;
  return inPage <= LONGEST_HEADER ? position - inPage : position;
}
