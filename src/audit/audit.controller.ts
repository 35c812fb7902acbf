import { Controller, Get, Query } from '@nestjs/common';
import { Access } from '../auth/access.js';
import { ApiTag } from '../http/api-documentation.js';
import { Operation } from '../http/api-operation.js';
import type { Page } from '../http/pagination.js';
import { RateLimit } from '../http/rate-limits/rate-limit.guard.js';
import { AuditRepository } from './audit.repository.js';
import { auditPageSchema, EXAMPLE_AUDIT_ENTRY, type ListAudit, listAuditSchema } from './audit.schemas.js';
import type { AuditEntry } from './audit-entry.js';

@ApiTag('System')
@Controller('api/system/audit')
@RateLimit('default')
@Access('system:read')
export class AuditController {
  constructor(private readonly entries: AuditRepository) {}

  @Get()
  @Operation({
    id: 'listAudit',
    summary: 'List what administrators did',
    description:
      'Newest first: who did what, from where, and how it was before and after. Nothing is ever changed or deleted ' +
      'here; `npm run audit:verify` proves it.',
    status: 200,
    answers: {
      200: {
        description: 'A page of entries.',
        schema: auditPageSchema,
        example: { data: [EXAMPLE_AUDIT_ENTRY], nextCursor: null },
      },
    },
  })
  list(@Query({ schema: listAuditSchema }) query: ListAudit): Promise<Page<AuditEntry>> {
    return this.entries.list(query);
  }
}
