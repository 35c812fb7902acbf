import { z } from 'zod';

/** What a format is called, and one that is right. */
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID, such as 019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70',
  datetime: 'a time with its zone in ISO 8601, such as 2026-11-21T09:00:00Z',
  date: 'a date in ISO 8601, such as 2026-11-21',
  duration: 'a duration in ISO 8601, such as PT5M',
  email: 'an e-mail address, such as anna@example.com',
  url: 'a URL, such as https://shop.example.com/otklik',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** What things of a kind are counted in. */
const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['item', 'items'],
};

function size(origin: string | undefined, bound: number | bigint, word: 'at least' | 'at most'): string {
  const unit = UNITS[origin ?? ''];
  if (!unit) return `must be ${word} ${bound}`;
  return `must have ${word} ${bound} ${Number(bound) === 1 ? unit[0] : unit[1]}`;
}

/** What was wrong, in the words of whoever sent it: what would be right. Undefined: the schema says it itself. */
function message(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing';
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return size(issue.origin, issue.minimum, 'at least');
    case 'too_big':
      return size(issue.origin, issue.maximum, 'at most');
    case 'invalid_format': {
      const format = FORMATS[issue.format];
      if (format) return `must be ${format}`;
      return issue.format === 'regex' ? `must match ${issue.pattern}` : undefined;
    }
    default:
      return undefined;
  }
}

z.config({ customError: message });
