/** A contender's side of the agreement with child-server.ts. */

/** Connections of a contender to the database: what was fastest for bare Fastify of 8, 10, 16 and 32. */
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
