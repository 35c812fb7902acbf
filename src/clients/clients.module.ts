import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { ClientController } from './client.controller.js';
import { ClientExport } from './client-export.js';
import { ErasedDataRepository } from './erased-data.repository.js';
import { ErasureController } from './erasure.controller.js';
import { ErasureRepository } from './erasure.repository.js';
import { ErasureService } from './erasure.service.js';
import { Erasures } from './erasures.js';

/** The people who write: reading, exporting and erasing what is known of them. */
@Module({
  imports: [EventsModule],
  controllers: [ClientController, ErasureController],
  providers: [ClientExport, ErasedDataRepository, ErasureRepository, ErasureService, Erasures],
})
export class ClientsModule {}
