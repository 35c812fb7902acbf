import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

const CIPHER = 'aes-256-gcm';

/** What NIST SP 800-38D asks for: 96 random bits, never twice with one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps secrets unreadable in the database and its backups: sealed with AES-256-GCM under SECRET_ENCRYPTION_KEY, each
 * for its endpoint, so that it opens for no other.
 */
@Injectable()
export class SecretSealing {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    // There always is one: configured, or made with the embedded database.
    this.key = Buffer.from(config.secrets.encryptionKey ?? '', 'base64');
  }

  /** @returns the nonce, the sealed secret and the tag */
  seal(secret: string, webhookId: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(webhookId));
    return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** @returns the secret; undefined: it was sealed with another key, for another endpoint, or was altered */
  open(sealed: Buffer, webhookId: string): string | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(webhookId));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const secret = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return Buffer.concat([secret, decipher.final()]).toString('utf8');
    } catch {
      // The tag does not fit; nothing more can be told.
      return undefined;
    }
  }
}
