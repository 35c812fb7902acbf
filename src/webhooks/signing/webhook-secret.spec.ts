import { createHmac, randomBytes } from 'node:crypto';
import { newSecret, signingKey } from './webhook-secret.js';

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`;

describe('a secret', () => {
  it('is whsec_ and 32 random bytes in base64', () => {
    expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret()).not.toBe(newSecret());
    expect(newSecret((size) => Buffer.alloc(size, 1))).toBe(
      `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    );
  });

  it('stands for its bytes', () => {
    const bytes = randomBytes(32);
    const key = signingKey(`whsec_${bytes.toString('base64')}`);
    expect(key.export()).toEqual(bytes);
    expect(createHmac('sha256', key).update('x').digest()).toEqual(
      createHmac('sha256', bytes).update('x').digest(),
    );
  });

  it.each([24, 32, 64])('may have %d bytes', (bytes) => {
    expect(signingKey(secretOf(bytes)).symmetricKeySize).toBe(bytes);
  });

  it.each([
    ['too short', secretOf(23)],
    ['too long', secretOf(65)],
    ['empty', ''],
    ['without its prefix', secretOf(32).slice(6)],
    ['with another prefix', secretOf(32).replace('whsec_', 'whpk_')],
    ['in base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['without its padding', secretOf(32).slice(0, -1)],
    ['with a space', `${secretOf(32)} `],
  ])('is refused %s, without being told', (_what, secret) => {
    const refused = () => signingKey(secret);
    expect(refused).toThrow('whsec_ and the base64 of 24 to 64 bytes');
    if (secret.length > 10) expect(refused).not.toThrow(secret.slice(6));
  });
});
