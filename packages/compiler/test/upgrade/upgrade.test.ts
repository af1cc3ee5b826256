import { fingerprints } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.ts';
import { SOURCE_LIMITS } from '../../src/sources.ts';
import { compileFiles, complaints } from '../compiled.ts';

const old = `machine Shop {
  state { items: List<String> = [], note: String = "", count: Int = 0 }
  on Add(item: String) -> Int { return -< 0 }
  on Count -> Int { return -< 0 }
}`;

const next = (state: string, clauses: string): string => `import "./old.sm" as old
machine Shop {
  state ${state}
  on Add(item: String) -> Int { return -< 1 }
  on Count -> Int { return -< 1 }
  on Clear { }
}
upgrade old.Shop -> Shop {
${clauses}
}`;

const files = (state: string, clauses: string): Record<string, string> => ({
  'main.sm': next(state, clauses),
  'old.sm': old,
});
const SAME = '{ items: List<String> = [], note: String = "", count: Int = 0 }';

describe('an upgrade', () => {
  it('leads from the old image; what is the same stays itself', () => {
    const { bundle, diagnostics } = compileFiles(files(SAME, ''));
    expect(diagnostics).toEqual([]);
    const [upgrade] = bundle!.upgrades;
    const alone = compileFiles({ 'old.sm': old }).bundle!.images[0];
    expect(upgrade.old).toEqual(fingerprints(alone));
    expect(upgrade.operations).toEqual(['Add', 'Count'].map((name) => ({ kind: 'identity', name })));
    expect(upgrade.backOperations).toEqual(upgrade.operations);
    expect(upgrade.back).not.toBe(null);
  });

  it('has no way back where a migration is written and no back', () => {
    const { bundle } = compileFiles(files(SAME, 'state s -> { ...s, count: s.count + 1 }'));
    expect(bundle!.upgrades[0].back).toBe(null);
  });

  it('has a derived way back beside a clause for a field that nothing old went into', () => {
    const back = (state: string, clauses: string): boolean | undefined => {
      const { bundle } = compileFiles(files(state, clauses));
      return bundle === null ? undefined : bundle.upgrades[0].back !== null;
    };
    const more = `${SAME.slice(0, -1)}, length: Int = 0 }`;
    expect(back(more, 'state.length s -> List.length(s.items)')).toBe(true);
    expect(back(SAME, 'state.count s -> s.count + 1')).toBe(false);
    const merged = '{ items: List<String> = [], text: String = "" }';
    expect(back(merged, 'state.text s -> s.note ++ Int.toString(s.count)')).toBe(false);
    expect(back(merged, 'state.text s -> s.note\ndrop count')).toBe(false);
    expect(back(merged, 'state.text _ -> "new"\ndrop count\ndrop note')).toBe(true);
    expect(back(merged, 'state.text s -> s.note')).toBe(undefined);
  });

  it('that loses a field is refused, with the place in both versions', () => {
    const lossy = files(
      '{ items: List<String> = [] }',
      '  state s -> { items: s.items ++ [Int.toString(s.count)] }\n  back s -> { items: s.items, note: "", count: 0 }',
    );
    expect(complaints(lossy)).toEqual([
      'E0402 main.sm:9 `state.note` of the old version would be lost: the migration does not read it',
    ]);
    const { labels } = compileFiles(lossy).diagnostics[0];
    expect(labels.map(({ span }) => lossy[span.file].slice(span.start, span.end))).toEqual([
      'state s -> { items: s.items ++ [Int.toString(s.count)] }',
      'note',
      'Shop',
    ]);
  });

  it('may be partial', () => {
    const { diagnostics } = compileFiles(
      files(
        ': (Int, List<String>) = (0, [])',
        '  state { items, note, count } -> (count + String.length(note), items)\n  back _ -> fail("no way back")',
      ),
    );
    expect(diagnostics).toEqual([]);
  });

  it('is there once for a machine, and in the file of the new version', () => {
    const twice = { ...files(SAME, ''), 'main.sm': `${next(SAME, '')}\nupgrade old.Shop -> Shop {}` };
    expect(complaints(twice)).toEqual([expect.stringMatching(/^E0209 main\.sm:11 .*declared twice/)]);
    const elsewhere = {
      'main.sm': 'import "./old.sm" as old\nimport "./next.sm" as next\nupgrade old.Shop -> next.Shop {}',
      'old.sm': old,
      'next.sm': old,
    };
    expect(complaints(elsewhere)).toEqual(['E0401 main.sm:3 the upgrade leads to `Shop` of another file']);
  });
});

describe('imports', () => {
  it('of a file that is not there are refused', () => {
    expect(complaints({ 'main.sm': 'import "./gone.sm" as gone' })).toEqual([
      expect.stringMatching(/^E0280 main\.sm:1 /),
    ]);
  });

  it('are read once each, and not without end', () => {
    const reads: string[] = [];
    const compilation = compile('f0.sm', {
      read(file) {
        reads.push(file);
        const next = `./f${Number(file.slice(1, -'.sm'.length)) + 1}.sm`;
        return `import "${next}" as a\nimport "${next}" as b`;
      },
      readBundle: () => null,
      readDeployed: () => null,
      resolve: (_from, path) => path.slice('./'.length),
    });
    expect(reads.length).toBe(SOURCE_LIMITS.filesMax);
    expect(new Set(reads).size).toBe(reads.length);
    expect(compilation.diagnostics.at(0)).toMatchObject({
      code: 'E0280',
      message: expect.stringContaining('too many'),
    });
  });
});
