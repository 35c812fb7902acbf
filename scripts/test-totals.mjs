// Says how many tests passed, failed and were skipped, from the JSON that Jest wrote.
import { existsSync, readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const count = (...names) => names.reduce((sum, name) => sum + (results[name] ?? 0), 0);

const passed = count('numPassedTests');
// A file that cannot even be loaded has no tests to count, and has failed all the same.
const failed = count('numFailedTests', 'numRuntimeErrorTestSuites');
const skipped = count('numPendingTests', 'numTodoTests');
if (passed === 0) {
  console.log('No test passed: Jest did not run, or found none.');
  process.exitCode = 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
