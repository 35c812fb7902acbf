import { Module } from '@nestjs/common';
import { OfflineTriage } from './offline-triage.js';
import { Triage } from './triage.js';

/** Deciding how urgent a message is and what it is about. */
@Module({
  providers: [{ provide: Triage, useFactory: () => OfflineTriage.load() }],
  exports: [Triage],
})
export class TriageModule {}
