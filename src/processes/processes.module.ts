import { Global, Module } from '@nestjs/common';
import { BackgroundProcesses } from './background-processes.js';
import { ProcessController } from './process.controller.js';
import { ProcessControl } from './process-control.js';
import { ProcessSwitchRepository } from './process-switch.repository.js';
import { ProcessSwitches } from './process-switches.js';
import { ProcessWakeups } from './process-wakeups.js';
import { WorkerCensus } from './worker-census.js';

/** What goes on by itself: when it runs, how it stands, and how to pause it. */
@Global()
@Module({
  controllers: [ProcessController],
  providers: [
    BackgroundProcesses,
    ProcessControl,
    ProcessSwitchRepository,
    ProcessSwitches,
    ProcessWakeups,
    WorkerCensus,
  ],
  exports: [BackgroundProcesses, ProcessControl],
})
export class ProcessesModule {}
