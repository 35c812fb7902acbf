import { Global, Module } from '@nestjs/common';
import { BackgroundProcesses } from './background-processes.js';
import { ProcessController } from './process.controller.js';
import { ProcessSwitches } from './process-switches.js';
import { ProcessWakeups } from './process-wakeups.js';

/** What goes on by itself: when it runs, how it stands, and how to pause it. */
@Global()
@Module({
  controllers: [ProcessController],
  providers: [BackgroundProcesses, ProcessSwitches, ProcessWakeups],
  exports: [BackgroundProcesses],
})
export class ProcessesModule {}
