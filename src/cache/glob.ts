/**
 * Whether a name matches a pattern in which `*` stands for any characters and `?` for one. It goes back to the last
 * `*` alone, so no pattern takes longer than its length times the name's.
 */
export function matches(pattern: string, name: string): boolean {
  let [p, n] = [0, 0];
  let [star, resume] = [-1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
