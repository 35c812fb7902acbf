import type * as Swagger from '@nestjs/swagger';

type Decorators = readonly (ClassDecorator | MethodDecorator)[];
type Decorate = (...target: unknown[]) => void;

const pending: ((swagger: typeof Swagger) => void)[] = [];

/**
 * Decorators of @nestjs/swagger that are applied when somebody asks for the OpenAPI document: the library is five hundred
 * modules, which no start has to wait for.
 */
export function documented(
  decorators: (swagger: typeof Swagger) => Decorators,
): ClassDecorator & MethodDecorator {
  return (...target: unknown[]) => {
    pending.push((swagger) => {
      for (const decorate of decorators(swagger)) (decorate as Decorate)(...target);
    });
  };
}

/** Applies what was declared since the last time. */
export function applyDocumentation(swagger: typeof Swagger): void {
  for (const apply of pending.splice(0)) apply(swagger);
}

/** Under which heading the operations of a controller stand. */
export function ApiTag(name: string): ClassDecorator {
  return documented(({ ApiTags }) => [ApiTags(name)]);
}

/** A header that an operation takes. */
export function RequestHeader(header: Swagger.ApiHeaderOptions): MethodDecorator {
  return documented(({ ApiHeader }) => [ApiHeader(header)]);
}
