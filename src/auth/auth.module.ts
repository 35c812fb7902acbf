import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiKeyController } from './api-key.controller.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeyService } from './api-key.service.js';
import { AuthGuard } from './auth.guard.js';
import { Authenticator } from './authenticator.js';

/** Who is calling and what they may do: API keys and the guard that asks for them. */
@Module({
  controllers: [ApiKeyController],
  providers: [ApiKeyService, ApiKeyRepository, Authenticator, { provide: APP_GUARD, useClass: AuthGuard }],
})
export class AuthModule {}
