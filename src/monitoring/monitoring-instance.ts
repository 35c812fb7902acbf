import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { IdGenerator } from '../clock/clock.js';

/** What this process is called beside the others that watch. */
@Injectable()
export class MonitoringInstance {
  readonly name: string;

  constructor(ids: IdGenerator) {
    this.name = `${hostname()}-${process.pid}-${ids.next().slice(-6)}`;
  }
}
