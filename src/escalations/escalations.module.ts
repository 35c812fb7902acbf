import { Module } from '@nestjs/common';
import { ConversationStoreModule } from '../conversations/conversation-store.module.js';
import { EventsModule } from '../events/events.module.js';
import { ClaimRepository } from './claim.repository.js';
import { ClaimService } from './claim.service.js';
import { ClaimExpiry } from './claim-expiry.js';
import { EscalationController } from './escalation.controller.js';
import { EscalationRepository } from './escalation.repository.js';
import { EscalationService } from './escalation.service.js';

/** The queue of conversations that need a human now. */
@Module({
  imports: [ConversationStoreModule, EventsModule],
  controllers: [EscalationController],
  providers: [EscalationService, EscalationRepository, ClaimService, ClaimRepository, ClaimExpiry],
  exports: [EscalationService, EscalationRepository, ClaimRepository],
})
export class EscalationsModule {}
