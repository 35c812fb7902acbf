/** A contender's side of the agreement with child-server.ts. */

/**
 * Connections of a contender to the database. Of 10, 16, 24 and 32 none was clearly faster for bare Fastify:
 * medians of 5,650, 5,720, 6,090 and 5,100 requests a second in four interleaved rounds on a busy machine.
 */
export const POOL_SIZE = 16;

/** The database this contender works on. */
export function givenDatabaseUrl(): string {
  const url = process.env.DATABASE_URL;
  if (url === undefined) throw new Error('A contender is started by the benchmark, which sets DATABASE_URL.');
  return url;
}

/** Tells the benchmark where this server listens, and ends with the benchmark, however that ends. */
export function announce(url: string): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ url });
}
