import { parseArgs } from 'node:util';
import { AuditVerifier } from './audit/audit-verifier.js';
import { runCommand } from './backup-commands.js';

/** How many entries there are between two lines that say how far it is. */
const STEP = 100_000;

/** `npm run audit:verify [-- --expect <hash>]`: whether the audit log is as it was written. */
await runCommand(process.env, async (application) => {
  const { values } = parseArgs({ options: { expect: { type: 'string' } } });
  const verifier = application.get(AuditVerifier);
  const { entries, head, branches, broken } = await verifier.verify(showProgress());
  if (broken) {
    const { entry, reason } = broken;
    throw new Error(
      `The audit log is broken at entry ${entry.number} (${entry.id}, ${entry.at}, ${entry.action}): ${reason}.`,
    );
  }
  if (values.expect !== undefined && !(await verifier.has(values.expect))) {
    throw new Error(
      `The audit log has no entry with the hash ${values.expect}: what it is now was made anew.`,
    );
  }
  const beside = branches > 0 ? `; ${branches} do not follow the one before them, as after a restore` : '';
  const end = head ? `; the last is ${head.number}, ${head.hash}` : '';
  return `The audit log is as it was written: ${entries} entries${beside}${end}`;
});

/** On a terminal one line that changes; elsewhere a line now and then. */
function showProgress(): (count: number, of: number) => void {
  let next = STEP;
  return (count, of) => {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${count === of ? '' : `${count} of ${of}`}`);
    } else if (count >= next) {
      process.stderr.write(`${count} of ${of}\n`);
      next = count + STEP;
    }
  };
}
