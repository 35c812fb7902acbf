/** Asks again and again, until the answer is what the spec waits for; jest's own time limit ends it otherwise. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  isSo: (answer: T) => boolean = (answer) => Boolean(answer),
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
