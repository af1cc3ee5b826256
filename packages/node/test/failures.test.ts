import { describe, expect, it } from 'vitest';
import { isCorrupt, isUnreadable, isUnwritten, journalError } from '../src/journal/disk/failures.ts';

describe('what SQLite says of files', () => {
  const failed = (errcode: number): Error =>
    Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode });

  // https://sqlite.org/rescode.html#ioerr_short_read
  it('that are too short is damage, and no disk that fails', () => {
    expect(journalError('read', 'd', failed(522)).message).toBe(
      'the journal can not be read (disk I/O error): smc repair sets aside what is damaged, and says what is lost with it',
    );
    expect([isCorrupt(failed(522)), isUnreadable(failed(522)), isUnwritten(failed(522))]).toEqual([
      true,
      false,
      false,
    ]);
    expect(journalError('read', 'd', failed(266)).message).toContain('the disk under d fails');
    expect([isCorrupt(failed(266)), isUnreadable(failed(266)), isUnwritten(failed(266))]).toEqual([
      false,
      true,
      false,
    ]);
    expect(isUnwritten(failed(778))).toBe(true);
  });
});
