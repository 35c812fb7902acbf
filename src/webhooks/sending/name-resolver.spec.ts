import { SystemNameResolver } from './name-resolver.js';

describe('looking up a name', () => {
  it('finds what this computer finds, hosts file included', async () => {
    const addresses = (await new SystemNameResolver().resolve('localhost')).map(({ address }) => address);
    expect(addresses.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
  });

  it('is done once for all who ask meanwhile, and anew for those who ask later', async () => {
    const resolver = new SystemNameResolver();
    const first = resolver.resolve('localhost');
    expect(resolver.resolve('localhost')).toBe(first);
    await first;
    expect(resolver.resolve('localhost')).not.toBe(first);
  });
});
