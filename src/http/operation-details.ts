import type { INestApplication } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Access } from '../auth/access.js';
import { OperationId } from './api-operation.js';
import { type JsonSchema, pluralExamples } from './json-schema.js';
import type { Problem } from './problem.js';

interface MediaType {
  schema?: JsonSchema;
  example?: unknown;
}

interface Operation {
  operationId?: string;
  parameters?: { name: string; in: string; description?: string; schema?: JsonSchema }[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, { description: string; content?: Record<string, MediaType> }>;
  security?: Record<string, string[]>[];
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * Writes into each operation what a controller does not say twice: the scope that its `Access` asks for, the
 * example of its body, and examples of problems that could come from this very path.
 */
export function completeOperations(document: OpenAPIObject, application: INestApplication): void {
  const scopes = scopesByOperation(application);
  const schemas = (document.components?.schemas ?? {}) as Record<string, JsonSchema>;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (!operation) continue;
      tidyParameters(operation);
      nameScope(operation, scopes.get(operation.operationId ?? ''));
      showBody(operation, schemas);
      placeProblems(operation, path, schemas);
    }
  }
}

function scopesByOperation(application: INestApplication): ReadonlyMap<string, string> {
  const reflector = application.get(Reflector);
  const scopes = new Map<string, string>();
  for (const { controllers } of application.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      const prototype: object = metatype?.prototype ?? {};
      for (const { value: handler } of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof handler !== 'function' || !metatype) continue;
        const id = reflector.get(OperationId, handler);
        const access = reflector.getAllAndOverride(Access, [handler, metatype]);
        if (id !== undefined && access !== undefined) scopes.set(id, access);
      }
    }
  }
  return scopes;
}

function nameScope(operation: Operation, scope: string | undefined): void {
  if (scope === undefined) throw new Error(`${operation.operationId} does not say who may call it.`);
  operation.security = scope === 'public' ? [] : [{ apiKey: [scope] }];
  const refusal = operation.responses[403];
  if (!refusal) return;
  refusal.description = `The API key lacks the scope \`${scope}\`.`;
  const example = problemOf(refusal);
  if (example) example.detail = `This needs the scope ${scope}; the key has: reminders:manage.`;
}

/** The example of a body's schema stands with the body too, where every tool looks for it. */
function showBody(operation: Operation, schemas: Record<string, JsonSchema>): void {
  for (const body of Object.values(operation.requestBody?.content ?? {})) {
    const examples = resolve(body.schema, schemas)?.examples;
    if (Array.isArray(examples)) body.example = examples[0];
  }
}

/** What a parameter says, its schema need not repeat. */
function tidyParameters(operation: Operation): void {
  for (const parameter of operation.parameters ?? []) {
    const { description, ...schema } = pluralExamples(parameter.schema ?? {});
    parameter.description ??= String(description ?? '');
    parameter.schema = schema;
  }
}

function placeProblems(operation: Operation, path: string, schemas: Record<string, JsonSchema>): void {
  const parameters = operation.parameters ?? [];
  const instance = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const examples = parameters.find((parameter) => parameter.name === name)?.schema?.examples;
    return Array.isArray(examples) ? String(examples[0]) : name;
  });
  for (const [status, response] of Object.entries(operation.responses)) {
    const example = problemOf(response);
    if (!example) continue;
    example.instance = instance;
    if (status !== '400') continue;
    const fault = likelyFault(operation, schemas);
    example.detail = `The request is not valid: see ${fault.path}.`;
    example.errors = [fault];
    if (fault === SCREENED) {
      example.type = 'urn:otklik:problem:request_screened';
      example.code = 'request_screened';
      example.detail = `The request was refused: ${fault.path} ${fault.message}.`;
    }
  }
}

/** What is wrong about a request where nothing is read from it. */
const SCREENED = { path: 'user-agent', message: 'looks like script injection' };

/** What most likely is wrong about a request to the operation. */
function likelyFault(
  operation: Operation,
  schemas: Record<string, JsonSchema>,
): { path: string; message: string } {
  const body = resolve(operation.requestBody?.content['application/json']?.schema, schemas);
  const [required] = Array.isArray(body?.required) ? (body.required as string[]) : [];
  if (required !== undefined) {
    return { path: required, message: 'is missing' };
  }
  const names = (operation.parameters ?? []).map((parameter) => parameter.name);
  if (names.includes('limit')) return { path: 'limit', message: 'must be at most 200' };
  if (names.includes('id'))
    return { path: 'id', message: 'must be a UUID, such as 019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70' };
  if (names.includes('clientId')) {
    return { path: 'clientId', message: 'must be 1 to 128 of A–Z a–z 0–9 . _ : @ + -' };
  }
  return SCREENED;
}

function problemOf(response: Operation['responses'][string]): Problem | undefined {
  return response.content?.['application/problem+json']?.example as Problem | undefined;
}

function resolve(
  schema: JsonSchema | undefined,
  schemas: Record<string, JsonSchema>,
): JsonSchema | undefined {
  const name = typeof schema?.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  return name === undefined ? schema : schemas[name];
}
