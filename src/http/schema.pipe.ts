import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import './validation-messages.js';
import { type InputFault, invalidInput } from '../errors/domain-error.js';

/** Checks each parameter against its schema, and refuses with the path of every fault. */
@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, { schema, data, type }: ArgumentMetadata): unknown {
    if (!schema) return value;
    // No body is as good as an empty one: where nothing in it is needed, it can be left out.
    const given = type === 'body' && value === undefined ? {} : value;
    const result = schema['~standard'].validate(given);
    if (result instanceof Promise) throw new TypeError('A schema of a request must not be asynchronous.');
    if (result.issues) throw refusal(result.issues, type === 'param' ? data : undefined);
    return result.value;
  }
}

function refusal(issues: readonly StandardSchemaV1.Issue[], parameter: string | undefined): Error {
  const faults = new Map<string, InputFault>();
  for (const issue of issues) {
    const keys = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
    for (const unknown of unknownKeys(issue)) {
      const path = [...keys, unknown].join('.');
      faults.set(path, { path, message: 'is not known here; leave it out' });
    }
    const path = parameter ?? keys.join('.');
    // What is wrong first says it best; what follows from it would only repeat it.
    if (unknownKeys(issue).length === 0 && !faults.has(path))
      faults.set(path, { path, message: issue.message });
  }
  return invalidInput([...faults.values()]);
}

/** The fields that a strict zod object did not expect. */
function unknownKeys(issue: object): readonly string[] {
  return 'code' in issue && issue.code === 'unrecognized_keys' && 'keys' in issue
    ? (issue.keys as string[])
    : [];
}
