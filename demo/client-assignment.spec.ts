import { inventClientId, toClientId } from './client-assignment.js';

const API_CLIENT_ID = /^[A-Za-z0-9._:@+-]{1,128}$/;

describe('inventClientId', () => {
  it('lets about three messages come from each client, the same on every run', () => {
    const assign = () => Array.from({ length: 3000 }, (_, row) => inventClientId(row, 3000));
    const clients = new Set(assign());
    expect(assign()).toEqual(assign());
    expect(3000 / clients.size).toBeGreaterThan(2.5);
    expect(3000 / clients.size).toBeLessThan(3.5);
  });

  it('has a client for a single message', () => {
    expect(inventClientId(2, 1)).toBe('demo-client-1');
  });
});

describe('toClientId', () => {
  it('keeps what the API takes', () => {
    expect(toClientId(' ann+1@shop.example:7 ')).toBe('ann+1@shop.example:7');
  });

  it.each(['Anna Berg', 'Анна', 'x'.repeat(500), '🙂'])('makes %p something that the API takes', (name) => {
    expect(toClientId(name)).toMatch(API_CLIENT_ID);
  });

  it('keeps apart what looks alike once changed', () => {
    expect(toClientId('Anna Berg')).not.toBe(toClientId('Anna/Berg'));
    expect(toClientId('Анна')).not.toBe(toClientId('Вера'));
  });
});
