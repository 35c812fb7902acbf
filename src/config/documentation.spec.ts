import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from './config.js';
import { configurationPage, envExample } from './documentation.js';
import { packageFolder } from './package-folder.js';
import { SETTINGS } from './settings.js';

const root = packageFolder(import.meta.url);
const settings = Object.values(SETTINGS).flatMap((group) => Object.values(group));

describe('the documentation of the settings', () => {
  it.each([
    ['.env.example', envExample],
    ['docs/configuration.md', configurationPage],
  ])('%s says what the code says (npm run config:docs writes it anew)', (file, render) => {
    expect(readFileSync(join(root, file), 'utf8')).toBe(render());
  });

  it.each(settings.map(({ variable, form }) => [variable, form.secret]))('has %s', (variable, isSecret) => {
    expect(envExample()).toMatch(new RegExp(`^${isSecret ? '' : '#'}${variable}=`, 'm'));
    expect(configurationPage()).toContain(`| \`${variable}\` |`);
  });

  it('gives defaults that are allowed and that the program uses', () => {
    const uncommented = parseEnv(envExample().replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
    expect(loadConfig(uncommented)).toEqual(loadConfig({}));
  });

  it('has no value for a secret', () => {
    const given = parseEnv(envExample());
    expect(Object.values(given).filter((value) => value !== '')).toEqual([]);
  });
});
