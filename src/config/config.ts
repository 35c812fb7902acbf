import { readFileSync } from 'node:fs';
import Joi, { type ValidationErrorItem } from 'joi';
import { errorCode } from '../resilience/error-code.js';
import { SETTINGS, type Setting } from './settings.js';

type ValuesOf<Group> = { readonly [Key in keyof Group]: Group[Key] extends Setting<infer T> ? T : never };

/** Everything that can be set, read once at the start and frozen. Times are milliseconds, sizes bytes. */
export type Config = { readonly [Group in keyof typeof SETTINGS]: ValuesOf<(typeof SETTINGS)[Group]> };

/** A configuration that cannot be used, with every fault that was found. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly faults: readonly string[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super(`The configuration has ${count}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const ALL_SETTINGS: readonly Setting<unknown>[] = Object.values(SETTINGS).flatMap((group) =>
  Object.values<Setting<unknown>>(group),
);

const schema = Joi.object<Record<string, unknown>>(
  Object.fromEntries(ALL_SETTINGS.map(({ variable, form }) => [variable, form.schema.label(variable)])),
).prefs({ abortEarly: false, convert: true, errors: { wrap: { label: false } } });

/**
 * Reads the configuration from environment variables; any `X` can come from the file that `X_FILE` names, as
 * Docker's and Kubernetes' secrets do. An empty variable counts as absent.
 *
 * @throws {ConfigurationError} with the complete list of faults; no value of a secret is in it
 */
export function loadConfig(environment: Environment): Config {
  const { given, faults } = gather(environment);
  const { value, error } = schema.validate(given);
  faults.push(...(error?.details ?? []).map((detail) => describe(detail, given)));
  if (faults.length > 0 || value === undefined) throw new ConfigurationError([...new Set(faults)]);
  // The schema has just checked each value against the form that its type comes from.
  return deepFreeze(
    mapValues(SETTINGS, (group: Record<string, Setting<unknown>>) =>
      mapValues(group, ({ variable }) => value[variable]),
    ),
  ) as unknown as Config;
}

function gather(environment: Environment): { given: Record<string, unknown>; faults: string[] } {
  const given: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const { variable, form } of ALL_SETTINGS) {
    const direct = environment[variable]?.trim();
    const file = environment[`${variable}_FILE`]?.trim();
    if (direct && file) {
      faults.push(`${variable} and ${variable}_FILE are both set: keep one of them`);
    }
    const text = file ? readValueFile(variable, file, faults) : direct;
    if (!text) continue;
    given[variable] = form.isList ? text.split(',').flatMap((item) => item.trim() || []) : text;
  }
  return { given, faults };
}

function readValueFile(variable: string, file: string, faults: string[]): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') faults.push(`${variable}_FILE names ${file}, which is empty`);
    return text;
  } catch (error) {
    faults.push(`${variable}_FILE names ${file}, which cannot be read (${errorCode(error)})`);
    return undefined;
  }
}

function describe(detail: ValidationErrorItem, given: Record<string, unknown>): string {
  const variable = String(detail.path[0] ?? '');
  const message = detail.message.replace(`${variable}[${detail.path[1]}]`, variable);
  const isSecret = ALL_SETTINGS.some((setting) => setting.variable === variable && setting.form.secret);
  if (given[variable] === undefined) return message;
  return `${message} (it is ${isSecret ? '***' : JSON.stringify(String(given[variable]))})`;
}

function mapValues<T extends object, R>(source: T, map: (value: T[keyof T]) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(source).map(([key, value]) => [key, map(value)]));
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) deepFreeze(child);
  }
  return Object.freeze(value);
}
