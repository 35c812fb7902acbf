import { errorCode, errorMessage } from './error-code.js';

describe('what is known of whatever was thrown', () => {
  it.each([
    [Object.assign(new Error('gone'), { code: 'ENOENT' }), 'ENOENT', 'gone'],
    [{ code: '40P01', message: 'deadlock' }, '40P01', 'deadlock'],
    [{ code: 42 }, undefined, '[object Object]'],
    [new Error('plain'), undefined, 'plain'],
    ['words', undefined, 'words'],
    [undefined, undefined, 'undefined'],
    [null, undefined, 'null'],
  ])('%p', (thrown, code, message) => {
    expect(errorCode(thrown)).toBe(code);
    expect(errorMessage(thrown)).toBe(message);
  });
});
