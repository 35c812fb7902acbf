import { isConflict, isPoolTimeout, isUnavailable, violatedConstraint } from './database-errors.js';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

describe('an error of the database', () => {
  it.each(['40001', '40P01'])('%s is a conflict that a retry gets over', (code) => {
    expect([isConflict(withCode(code)), isUnavailable(withCode(code))]).toEqual([true, false]);
  });

  it.each([
    '57P01',
    '57P02',
    '57P03',
    '53300',
    '25006',
    '53100',
    '53200',
    '58030',
    '08006',
    '08P01',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ENOTFOUND',
  ])('%s means that there is no database now', (code) => {
    expect([isConflict(withCode(code)), isUnavailable(withCode(code))]).toEqual([false, true]);
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('without a code can mean that too: %s', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  });

  it.each(['23505', '22P02', '42P01', '57014', 'P0001'])('%s is neither', (code) => {
    expect([isConflict(withCode(code)), isUnavailable(withCode(code))]).toEqual([false, false]);
  });

  it('names the constraint that was violated', () => {
    expect(violatedConstraint(Object.assign(new Error(), { constraint: 'pk_messages' }))).toBe('pk_messages');
    for (const thrown of [new Error(), 'x', undefined, null, { constraint: 1 }]) {
      expect(violatedConstraint(thrown)).toBeUndefined();
    }
  });

  it('tells a pool that was full from a database that is not there', () => {
    expect(isPoolTimeout(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isPoolTimeout(withCode('ECONNREFUSED'))).toBe(false);
  });
});
