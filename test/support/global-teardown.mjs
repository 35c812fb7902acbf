/** Stops the PostgreSQL of the run and removes its folder. */
export default async function stopPostgres() {
  await globalThis.stopPostgres?.();
}
