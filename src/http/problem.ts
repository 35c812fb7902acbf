import { z } from 'zod';
import type { ErrorKind } from '../errors/domain-error.js';

/** The media type of problems. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The one form of every error (RFC 9457, Problem Details for HTTP APIs). */
export const problemSchema = z
  .object({
    type: z.string().describe('identifies the kind of problem: urn:otklik:problem: and the code'),
    title: z.string().describe('the name of the status'),
    status: z.int().describe('the HTTP status'),
    detail: z.string().describe('a sentence for the person who reads it'),
    instance: z.string().describe('the path of the request'),
    code: z.string().describe('stable; made for programs'),
    traceId: z.string().describe('finds the request in the logs'),
    errors: z
      .array(
        z
          .object({
            path: z.string().describe('a field of the body, a parameter or a header'),
            message: z.string().describe('what is wrong about it, or what would be right'),
          })
          .meta({ id: 'InputFault' }),
      )
      .optional()
      .describe('for invalid input: where, and what would be right'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

export type Problem = z.infer<typeof problemSchema>;

export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unprocessable: 422,
  too_many_requests: 429,
  unavailable: 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The title of a status, as the HTTP registry has it. */
export function titleOf(status: number): string {
  return TITLES[status] ?? (status >= 500 ? 'Server Error' : 'Client Error');
}

/** The problem that an error shows as. */
export function problem(
  status: number,
  code: string,
  detail: string,
  context: { instance: string; traceId: string },
  errors?: Problem['errors'],
): Problem {
  return {
    type: `urn:otklik:problem:${code}`,
    title: titleOf(status),
    status,
    detail,
    instance: context.instance,
    code,
    traceId: context.traceId,
    ...(errors && { errors }),
  };
}
