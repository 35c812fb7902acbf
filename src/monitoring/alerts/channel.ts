import type { Notice } from './alert.js';

/** Where people are told of alerts. */
export interface Channel {
  readonly name: string;
  /** @throws whatever keeps the notice from being taken */
  tell(notice: Notice): Promise<void>;
  close(): Promise<void>;
}
