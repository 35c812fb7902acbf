import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** Read when it is needed: with its ciphers it is a large library, and most processes never open a backup. */
const age = () => import('age-encryption');

const IDENTITY = /^AGE-SECRET-KEY-/i;

/**
 * How much work it is to try one passphrase, as a power of two. Ours are secrets of 32 characters at least, which
 * nobody finds by trying; age's own 18 is for those that people think of, and would take seconds each time.
 */
const SCRYPT_WORK_FACTOR = 14;

/**
 * Encrypts for whoever has the key, in the format of age (age-encryption.org/v1), so that the `age` program opens it
 * as well: with an identity, or with a passphrase.
 */
export async function encrypted(plain: Readable, key: string): Promise<Readable> {
  const { Encrypter, identityToRecipient } = await age();
  const encrypter = new Encrypter();
  if (IDENTITY.test(key)) encrypter.addRecipient(await identityToRecipient(key));
  else {
    encrypter.setPassphrase(key);
    encrypter.setScryptWorkFactor(SCRYPT_WORK_FACTOR);
  }
  return fromWeb(await encrypter.encrypt(toWeb(plain)));
}

/**
 * Opens what `encrypted` made. Each piece is checked before it is handed out, and so is the end: what was cut off or
 * changed is an error of the stream.
 *
 * @throws where the key is another one
 */
export async function decrypted(sealed: Readable, key: string | undefined): Promise<Readable> {
  if (key === undefined)
    throw new Error('The backup is encrypted, and there is no key (BACKUP_ENCRYPTION_KEY).');
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  if (IDENTITY.test(key)) decrypter.addIdentity(key);
  else decrypter.addPassphrase(key);
  return fromWeb(await decrypter.decrypt(toWeb(sealed)));
}

// Node's types of web streams and those of the DOM, which age-encryption is written against, differ by name alone.
function toWeb(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as unknown as globalThis.ReadableStream<Uint8Array>;
}

function fromWeb(stream: globalThis.ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(stream as unknown as ReadableStream);
}
