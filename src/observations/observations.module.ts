import { Global, Module } from '@nestjs/common';
import { Observations } from './observations.js';

/** Lets every part tell what happens, without knowing who watches. */
@Global()
@Module({ providers: [Observations], exports: [Observations] })
export class ObservationsModule {}
