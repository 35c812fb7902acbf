import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What a receiver does with a request that it has read. */
export type Behaviour = (response: ServerResponse) => void;

const OK = Buffer.from('{"ok":true}');
const OK_HEADERS = { 'content-type': 'application/json', 'content-length': OK.length };

/** What a receiver does that nobody told anything else. */
export const succeed: Behaviour = (response) => {
  response.writeHead(200, OK_HEADERS);
  response.end(OK);
};

export function answer(
  status: number,
  { headers = {}, body = '' }: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}

export function redirectTo(location: string, status = 302): Behaviour {
  return answer(status, { headers: { location } });
}

export const gone: Behaviour = answer(410);

/** @param retryAfter seconds, or an HTTP date */
export function tooManyRequests(retryAfter: number | string): Behaviour {
  return answer(429, { headers: { 'retry-after': String(retryAfter) } });
}

export const unavailable: Behaviour = answer(503);

/** Ends the connection with a TCP reset. */
export const reset: Behaviour = (response) => {
  response.socket?.resetAndDestroy();
};

/** Ends the connection in good order, but without an answer. */
export const closeBeforeHeaders: Behaviour = (response) => {
  response.socket?.end();
};

export const hangBeforeHeaders: Behaviour = () => undefined;

export const hangAfterHeaders: Behaviour = (response) => {
  response.writeHead(200);
  response.flushHeaders();
};

/** Promises more than it sends before it goes. */
export const closeInTheMiddle: Behaviour = (response) => {
  response.writeHead(200, { 'content-length': 1000 });
  response.write('the beginning', () => response.socket?.destroy());
};

/** The same where the length was not said before. */
export const closeBetweenChunks: Behaviour = (response) => {
  response.writeHead(200);
  response.write('the beginning', () => response.socket?.destroy());
};

/** Never comes to an end, and never is silent for long. */
export function drip(milliseconds: number): Behaviour {
  return (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('.'), milliseconds);
    response.once('close', () => clearInterval(timer));
  };
}

/** Sends as much as the other end takes. */
export function flood(bytes: number, status = 200): Behaviour {
  const chunk = Buffer.alloc(65_536, 'x');
  return (response) => {
    response.writeHead(status, { 'content-length': bytes });
    let left = bytes;
    const go = () => {
      while (left > 0) {
        const part = chunk.subarray(0, left);
        left -= part.length;
        if (!response.write(part)) return response.once('drain', go);
      }
      return response.end();
    };
    go();
  };
}

/** Answers in another language than HTTP. */
export const garbage: Behaviour = (response) => {
  response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n\r\n');
};

/** Does it some time later; never, where the other end has gone by then. */
export function later(milliseconds: number, behaviour: Behaviour): Behaviour {
  return (response) => {
    const timer = setTimeout(() => behaviour(response), milliseconds);
    response.once('close', () => clearTimeout(timer));
  };
}
