import { describe, expect, test } from 'bun:test';
import { parseSessions } from '../../src/event/sessions.ts';

function sessions(meta: unknown): Readonly<Record<string, string>> | null | string {
  const parsed = parseSessions(meta);
  return parsed.ok ? parsed.sessions : parsed.message;
}

describe('sessions', () => {
  test('absent meta and empty maps are no sessions', () => {
    for (const meta of [undefined, null, {}, { sessions: {} }, { sessions: null }, { other: 1 }]) {
      expect(sessions(meta)).toBeNull();
    }
  });

  test('the sender may name sessions by text or number', () => {
    expect(sessions({ sessions: { chat: 'c1', order: 7 } })).toEqual({ chat: 'c1', order: '7' });
    expect(sessions({ SESSIONS: { chat: 'c1' } })).toEqual({ chat: 'c1' });
  });

  test('own sessions win over inherited ones', () => {
    expect(
      sessions({ sessions: { a: 'own' }, propagated_sessions: { a: 'old', b: 'kept' } }),
    ).toEqual({
      ...{ a: 'own', b: 'kept' },
    });
  });

  test('null removes one inherited session, or all of them', () => {
    const propagated_sessions = { a: '1', b: '2' };
    expect(sessions({ sessions: { a: null }, propagated_sessions })).toEqual({ b: '2' });
    expect(sessions({ sessions: null, propagated_sessions })).toBeNull();
  });

  test('inherited sessions fill up to five in byte order', () => {
    const propagated_sessions = { z: '1', B: '2', a: '3', é: '4', c: '5', d: '6' };
    const found = sessions({ sessions: { own: 'x' }, propagated_sessions });
    expect(Object.keys(found ?? {})).toEqual(['own', 'B', 'a', 'c', 'd']);
  });

  test('the sixth own session is refused', () => {
    const six = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [key, 'x']));
    expect(sessions({ sessions: six })).toBe('meta.sessions has 6 sessions; at most 5 are allowed');
  });

  test('wrong types, empty texts and overlong texts are refused by name', () => {
    expect(sessions(5)).toBe('meta must be an object');
    expect(sessions({ sessions: [] })).toBe('meta.sessions must be an object');
    expect(sessions({ propagated_sessions: 'x' })).toBe(
      'meta.propagated_sessions must be an object',
    );
    expect(sessions({ sessions: { a: true } })).toBe(
      'meta.sessions["a"] must be a string or a number',
    );
    expect(sessions({ sessions: { a: {} } })).toContain('must be a string or a number');
    expect(sessions({ sessions: { '': 'x' } })).toContain('a session key must not be empty');
    expect(sessions({ sessions: { a: '' } })).toContain('a session id must not be empty');
    expect(sessions({ sessions: { ['ä'.repeat(65)]: 'x' } })).toContain('at most 128 bytes');
    expect(sessions({ sessions: { a: 'x'.repeat(513) } })).toContain('at most 512 bytes');
  });
});
