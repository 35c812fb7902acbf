import { Module } from '@nestjs/common';
import { ErrorReports } from './error-reports.js';

/** Tells other systems of errors, where the configuration names one. */
@Module({ providers: [ErrorReports] })
export class TelemetryModule {}
