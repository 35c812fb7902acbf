import Joi, { type CustomHelpers, type Schema } from 'joi';
import { parseDuration } from './duration.js';

/** What a variable may be: the Joi schema that checks it, and the type that comes out. */
export interface Form<T> {
  readonly schema: Schema<T>;
  /** For people: the range or the choices. */
  readonly range: string;
  /** For people and `.env.example`: the default as it would be written; empty where there is none. */
  readonly fallback: string;
  readonly secret?: boolean;
  /** For people: a command that makes a good secret. */
  readonly make?: string;
  /** The text is split at its commas before it is checked. */
  readonly isList?: boolean;
}

/** Milliseconds from an ISO 8601 duration within a range. */
function durationSchema(range: { min: string; max: string }, example: string): Schema<number> {
  const [min = Number.NaN, max = Number.NaN] = [parseDuration(range.min), parseDuration(range.max)];
  return Joi.string<number>().custom((value: string, helpers: CustomHelpers) => {
    const parsed = parseDuration(value);
    if (parsed === undefined || parsed < min || parsed > max) {
      return helpers.message({
        custom: `{{#label}} must be an ISO 8601 duration from ${range.min} to ${range.max}, such as ${example}`,
      });
    }
    return parsed;
  });
}

/** The form of a variable that is given as an ISO 8601 duration and read as milliseconds. */
export function duration(range: { min: string; max: string; default: string }): Form<number> {
  return {
    schema: durationSchema(range, range.default).default(parseDuration(range.default)),
    range: `${range.min} to ${range.max}`,
    fallback: range.default,
  };
}

/** The form of a variable that is a comma-separated list of durations, read as milliseconds; it may be empty. */
export function durations(range: { min: string; max: string; default: string }): Form<readonly number[]> {
  const schema = Joi.array<readonly number[]>()
    .items(durationSchema(range, 'PT5S'))
    .default(range.default.split(',').map(parseDuration));
  return {
    schema,
    range: `comma-separated: ISO 8601 durations from ${range.min} to ${range.max}`,
    fallback: range.default,
    isList: true,
  };
}

/** The form of a variable that may be a duration, where it shall differ from another variable's. */
export function durationInstead(
  other: string,
  range: { min: string; max: string },
): Form<number | undefined> {
  return {
    schema: durationSchema(range, 'PT1H'),
    range: `${range.min} to ${range.max}; without it, ${other} holds`,
    fallback: '',
  };
}

/** The form of a variable that is a duration, or `never`, which is read as infinity. */
export function durationOrNever(range: { min: string; max: string; default: string }): Form<number> {
  const [min = Number.NaN, max = Number.NaN] = [parseDuration(range.min), parseDuration(range.max)];
  const read = (value: string) => (value === 'never' ? Number.POSITIVE_INFINITY : parseDuration(value));
  const schema = Joi.string<number>().custom((value: string, helpers: CustomHelpers) => {
    const parsed = read(value);
    if (parsed === undefined || parsed < min || (parsed > max && Number.isFinite(parsed))) {
      return helpers.message({
        custom: `{{#label}} must be never or an ISO 8601 duration from ${range.min} to ${range.max}`,
      });
    }
    return parsed;
  });
  return {
    schema: schema.default(read(range.default)),
    range: `never, or ${range.min} to ${range.max}`,
    fallback: range.default,
  };
}

/** The form of a variable that is a whole number within a range. */
export function count(range: { min: number; max: number; default: number }): Form<number> {
  const schema = Joi.number()
    .integer()
    .min(range.min)
    .max(range.max)
    .default(range.default)
    .messages({
      'number.base': `{{#label}} must be a whole number from ${range.min} to ${range.max}`,
      'number.integer': `{{#label}} must be a whole number from ${range.min} to ${range.max}`,
      'number.min': `{{#label}} must be at least ${range.min}`,
      'number.max': `{{#label}} must be at most ${range.max}`,
    });
  return { schema, range: `${range.min} to ${range.max}`, fallback: String(range.default) };
}

/** The form of a variable that takes one of a few words. */
export function choice<const T extends string>(values: readonly T[], fallback: NoInfer<T>): Form<T> {
  const schema = Joi.string<T>()
    .valid(...values)
    .default(fallback)
    .messages({ 'any.only': `{{#label}} must be one of: ${values.join(', ')}` });
  return { schema, range: values.join(', '), fallback };
}

/** The form of a variable that is free text; `pattern` says what it has to look like, `expected` says so to people. */
export function text(pattern: RegExp, expected: string, fallback: string): Form<string> {
  const schema = Joi.string()
    .pattern(pattern)
    .default(fallback)
    .messages({ 'string.pattern.base': `{{#label}} must be ${expected}` });
  return { schema, range: expected, fallback };
}

/** The form of a variable that is a comma-separated list; spaces around the items do not count. */
export function list<T extends string>(
  item: Schema<T>,
  expected: string,
  fallback: readonly NoInfer<T>[] = [],
): Form<readonly T[]> {
  const schema = Joi.array<readonly T[]>()
    .items(item.messages({ '*': `{{#label}} must be a comma-separated list of ${expected}` }))
    .unique()
    .default(fallback);
  return { schema, range: `comma-separated: ${expected}`, fallback: fallback.join(','), isList: true };
}

const PLACEHOLDER =
  /change.?me|placeholder|example|your[-_ ]?(secret|key|password|token)|secret[-_]?(key)?[-_]?here|password|123456|qwerty|insert|replace.?me|dummy|default/i;

/** Why a text is too weak to be a secret, or `undefined` where nothing speaks against it. */
export function weakness(secret: string): string | undefined {
  if (PLACEHOLDER.test(secret)) return 'looks like a placeholder';
  if (new Set(secret).size < 8) return 'repeats too few different characters';
  if (/^(.{1,8})\1+$/.test(secret)) return 'repeats the same few characters';
  return undefined;
}

/** The form of a secret: long enough, of printable characters, no placeholder and no repetition. */
export function secret(minimum: number, make: string): Form<string | undefined> {
  const schema = Joi.string()
    .min(minimum)
    .max(512)
    .pattern(/^[\x21-\x7e]+$/)
    .custom((value: string, helpers: CustomHelpers) => {
      const reason = weakness(value);
      return reason === undefined ? value : helpers.message({ custom: `{{#label}} ${reason}` });
    })
    .messages({
      'string.min': `{{#label}} must have at least ${minimum} characters`,
      'string.max': '{{#label}} must have at most 512 characters',
      'string.pattern.base': '{{#label}} must be printable ASCII without spaces',
    });
  return { schema, range: `at least ${minimum} characters`, fallback: '', secret: true, make };
}

/** The form of an address that is a secret, because whoever knows it may use it. */
export function secretUrl(example: string): Form<string | undefined> {
  const schema = Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .messages({ '*': '{{#label}} must be an http or https address' });
  return { schema, range: example, fallback: '', secret: true };
}

/** The form of an encryption key: exactly so many bytes in base64, not all alike. */
export function base64Key(bytes: number): Form<string | undefined> {
  const make = `openssl rand -base64 ${bytes}`;
  const schema = Joi.string().custom((value: string, helpers: CustomHelpers) => {
    const key = Buffer.from(value, 'base64');
    if (key.length !== bytes || key.toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, '')) {
      return helpers.message({
        custom: `{{#label}} must be ${bytes} bytes in base64; make one with: ${make}`,
      });
    }
    return new Set(key).size < 8
      ? helpers.message({ custom: '{{#label}} repeats too few different bytes' })
      : value;
  });
  return { schema, range: `${bytes} bytes, base64`, fallback: '', secret: true, make };
}

/** A secret that nothing can make for us where the database is not the embedded one. */
export function requiredWith<T>(other: string, form: Form<T>): Form<T> {
  const schema = form.schema
    .when(other, { is: Joi.exist(), then: Joi.required() })
    .messages({ 'any.required': `{{#label}} is required with ${other}` });
  return { ...form, schema, range: `${form.range}; required with ${other}` };
}

/** A number that must not be above another variable. */
export function atMost(other: string, form: Form<number>): Form<number> {
  const schema = form.schema.when(other, {
    is: Joi.number().required(),
    then: Joi.number()
      .max(Joi.ref(other))
      .messages({ 'number.max': `{{#label}} must not be above ${other}` }),
  });
  return { ...form, schema, range: `${form.range}, not above ${other}` };
}

/** A duration that must not be longer than another variable's. */
export function notLongerThan(other: string, form: Form<number>): Form<number> {
  const schema = form.schema.when(other, {
    is: Joi.any(),
    then: Joi.string<number>().custom((value: number, helpers: CustomHelpers) =>
      value > helpers.state.ancestors[0][other]
        ? helpers.message({ custom: `{{#label}} must not be above ${other}` })
        : value,
    ),
  });
  return { ...form, schema, range: `${form.range}, not above ${other}` };
}
