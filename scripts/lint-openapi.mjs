// Starts Otklik, as built into dist/, and checks the OpenAPI document that it serves by the rules of redocly.yaml.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { OtklikProcess } from '../dist/test/support/otklik-process.js';

const folder = mkdtempSync(join(tmpdir(), 'otklik-openapi-'));
try {
  const otklik = await OtklikProcess.start();
  try {
    writeFileSync(join(folder, 'openapi.json'), await (await fetch(`${otklik.url}/openapi.json`)).text());
  } finally {
    await otklik.stop();
  }
  const { status } = spawnSync('redocly', ['lint', 'openapi.json', `--config=${resolve('redocly.yaml')}`], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
