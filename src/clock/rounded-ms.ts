/** A time that was measured, as answers tell it: to the hundredth of a millisecond. What is finer is noise. */
export function roundedMs(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
