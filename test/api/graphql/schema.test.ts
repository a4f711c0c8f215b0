import { expect, test } from 'bun:test';
import {
  isEnumType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
  printSchema,
  validateSchema,
} from 'graphql';
import { graphqlSchema } from '../../../src/api/graphql/schema.ts';
import { enums, inputs, objects, scalars, unions } from './sheet.ts';

const schema = graphqlSchema();

/** `name:Type!=default` in its parts; the type may be missing. */
const fieldForm = /^(?<name>\w+)(:(?<type>[[\]\w!]+?))?(?<bang>!)?(=(?<value>\S+))?$/;

interface Listed {
  readonly name: string;
  readonly type: string | undefined;
  readonly isNonNull: boolean;
  readonly value: string | undefined;
}

function listed(text: string): readonly Listed[] {
  return text
    .split(' ')
    .filter((field) => field !== '')
    .map((field) => {
      const { name = '', type, bang, value } = fieldForm.exec(field)?.groups ?? {};
      expect(name).not.toBe('');
      return { name, type, isNonNull: bang === '!', value };
    });
}

test('the schema is a valid one', () => {
  expect(validateSchema(schema)).toEqual([]);
});

test.each(Object.entries(objects))('%s has the fields of the sheet', (typeName, text) => {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
  const fields = type.getFields();
  for (const { name, type: fieldType, isNonNull } of listed(text)) {
    const field = fields[name];
    if (field === undefined) throw new Error(`${typeName}.${name} is missing`);
    expect([name, isNonNullType(field.type)]).toEqual([name, isNonNull]);
    if (fieldType !== undefined) {
      expect([name, String(field.type)]).toEqual([name, fieldType + (isNonNull ? '!' : '')]);
    }
  }
});

test.each(Object.entries(inputs))('%s takes what the sheet says', (typeName, text) => {
  const type = schema.getType(typeName);
  if (!isInputObjectType(type)) throw new Error(`${typeName} is no input`);
  const fields = type.getFields();
  const shown = printSchema(schema);
  for (const { name, type: fieldType, isNonNull, value } of listed(text)) {
    const field = fields[name];
    if (field === undefined) throw new Error(`${typeName}.${name} is missing`);
    if (fieldType !== undefined) {
      expect([name, String(field.type)]).toEqual([name, fieldType + (isNonNull ? '!' : '')]);
    } else if (name !== 'workspaceId' && name !== 'includeInternalEvents') {
      expect([name, isNonNullType(field.type)]).toEqual([name, isNonNull]);
    }
    if (value !== undefined) {
      const body = shown.slice(shown.indexOf(`input ${typeName} `));
      expect(body.slice(0, body.indexOf('\n}'))).toContain(` = ${value}`);
    }
  }
});

test('enums and unions have the members of the sheet, and every scalar is there', () => {
  for (const [name, members] of Object.entries(enums)) {
    const type = schema.getType(name);
    const values = isEnumType(type) ? type.getValues().map((value) => value.name) : [];
    expect([name, values.toSorted()]).toEqual([name, members.split(' ').toSorted()]);
  }
  for (const [name, members] of Object.entries(unions)) {
    const type = schema.getType(name);
    const types = isUnionType(type) ? type.getTypes().map((member) => member.name) : [];
    expect([name, types.toSorted()]).toEqual([name, members.split(' ').toSorted()]);
  }
  for (const name of scalars.split(' ')) expect(isScalarType(schema.getType(name))).toBe(true);
});

test('besides the sheet there are only additions that say so', () => {
  for (const typeName of ['Query', 'Mutation', 'Function', 'FunctionRunV2', 'App', 'EventV2']) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is no object type`);
    const known = new Set(listed(objects[typeName] ?? '').map(({ name }) => name));
    for (const field of Object.values(type.getFields())) {
      if (known.has(field.name)) continue;
      expect([field.name, field.description ?? '']).toEqual([
        field.name,
        expect.stringMatching(/^Addition/),
      ]);
    }
  }
});
