/** The most bytes that one UTF-16 unit of a text can have come from. */
const BYTES_PER_UNIT = 3;

/**
 * The beginning of an answer, as far as it is kept with its attempt; the rest is counted and thrown away.
 */
export class AnswerExcerpt {
  private readonly chunks: Buffer[] = [];
  private readonly capacity: number;
  private kept = 0;
  private isCut = false;

  /** @param length characters, as String.length counts them */
  constructor(private readonly length: number) {
    this.capacity = length * BYTES_PER_UNIT;
  }

  add(chunk: Buffer): void {
    const room = this.capacity - this.kept;
    if (chunk.length > room) this.isCut = true;
    if (room <= 0) return;
    const part = chunk.subarray(0, room);
    this.chunks.push(part);
    this.kept += part.length;
  }

  /** Says that there would have been more. */
  cut(): void {
    this.isCut = true;
  }

  /** As text, whatever it was: what is no UTF-8 is replaced, and PostgreSQL's text cannot hold NUL. */
  text(): string {
    if (this.kept === 0) return '';
    const [first] = this.chunks;
    const bytes = first && this.chunks.length === 1 ? first : Buffer.concat(this.chunks);
    // Where bytes are missing at the end, half a character there is no fault of the endpoint.
    const text = new TextDecoder('utf-8', { ignoreBOM: true })
      .decode(bytes, { stream: this.isCut })
      .replaceAll('\0', '');
    if (text.length <= this.length) return text;
    const last = text.charCodeAt(this.length - 1);
    const isHalf = last >= 0xd800 && last <= 0xdbff;
    return text.slice(0, isHalf ? this.length - 1 : this.length);
  }
}
