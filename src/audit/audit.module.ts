import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';
import { AuditLog } from './audit-log.js';
import { AuditVerifier } from './audit-verifier.js';

/** Who did what as an administrator, in a chain that nobody can change unnoticed. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditLog, AuditRepository, AuditVerifier],
  exports: [AuditLog],
})
export class AuditModule {}
