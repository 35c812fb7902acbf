/** How whatever makes, checks or restores a backup tells how far it is, and hears that it is to stop. */
export interface RunProgress {
  /** Aborted where it took too long, or the process stops. */
  readonly signal: AbortSignal;
  /** Says what it does from now on; of how many bytes, where that is known. */
  begin(phase: string, totalBytes: number | undefined): void;
  /** Says how many bytes of it are done. */
  at(bytes: number): void;
}
