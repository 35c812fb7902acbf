import { Module } from '@nestjs/common';
import { ClientController } from './client.controller.js';

/** The people who write. */
@Module({ controllers: [ClientController] })
export class ClientsModule {}
