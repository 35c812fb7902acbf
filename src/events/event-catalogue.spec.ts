import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type JsonSchema, standaloneSchema } from '../http/json-schema.js';
import { EVENT_CATALOGUE, EVENT_TYPES } from './event-catalogue.js';

describe.each(EVENT_TYPES)('the event %s', (type) => {
  const { schema, example, description, version } = EVENT_CATALOGUE[type];

  it('has an example of its form, a version, and says when it happens', () => {
    expect(schema.parse(example)).toEqual(example);
    expect(version).toBe(1);
    expect(description).toMatch(/^[A-Z].*\.$/);
  });

  it('has a JSON Schema that stands alone, takes the example, and what a later version adds', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    formats.default(ajv);
    const validate = ajv.compile(standaloneSchema(schema));
    expect([validate(example), validate.errors]).toEqual([true, null]);
    expect(validate({ ...example, addedLater: 1 })).toBe(true);
    expect(validate({})).toBe(false);
  });

  it('says what each field means', () => {
    const { properties, $defs } = standaloneSchema(schema) as Record<string, Record<string, JsonSchema>>;
    for (const [name, property] of Object.entries(properties ?? {})) {
      const described = property.$ref ? $defs?.Priority?.description : property.description;
      expect([name, described]).toEqual([name, expect.stringMatching(/\w/)]);
    }
  });

  it('has no field that the catalogue does not have', () => {
    expect(schema.safeParse({ ...example, colour: 'mauve' }).success).toBe(false);
  });
});
