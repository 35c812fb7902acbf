import { Module } from '@nestjs/common';
import { SystemController } from './system.controller.js';
import { SystemInformation } from './system-information.js';

/** What runs here: versions, roles, features. */
@Module({ controllers: [SystemController], providers: [SystemInformation] })
export class SystemModule {}
