import { decodeBundle, encodeBundle, fingerprints } from '@smc/protocol';
import { describe, expect, it } from 'vitest';
import { compareVersions, type ComparedVersions, type ComparisonOptions } from '../src/versions.ts';
import type { VersionSource } from '../src/sources.ts';
import { compileFiles } from './compiled.ts';

const file = (name: string): VersionSource => ({ kind: 'file', file: name });

/** Compares two versions; a name that ends in `.smb` is the bytecode of the source beside it. */
function compare(
  files: Readonly<Record<string, string>>,
  {
    old = 'old.sm',
    next = 'main.sm',
    deployed,
    ofCarriedOut = 'refused',
  }: { old?: string; next?: string; deployed?: string } & ComparisonOptions = {},
): ComparedVersions {
  const bytesOf = (name: string): Uint8Array =>
    encodeBundle(compileFiles({ [name]: files[name], ...files }).bundle!);
  const host = {
    read: (name: string) => files[name] ?? null,
    readBundle: (name: string) => bytesOf(name.replace('.smb', '.sm')),
    readDeployed: () => (deployed === undefined ? null : { file: 'deployed.smb', bytes: bytesOf(deployed) }),
    resolve: (_from: string, path: string) => path.replace(/^\.\//, ''),
  };
  const source = old === 'deployed' ? ({ kind: 'deployed' } as const) : file(old);
  return compareVersions(source, file(next), host, { ofCarriedOut });
}

/** What became of each machine; of a refused one why, with the places. */
function told({ machines, diagnostics, sources }: ComparedVersions): string[] {
  const shown = machines.map(
    ({ name, change, written }) => `${name} ${change}${written ? ' as written' : ''}`,
  );
  return [
    ...shown,
    ...diagnostics.map(
      ({ code, labels }) =>
        `${code} ${labels.map(({ span }) => `${span.file}: ${sources.get(span.file)?.slice(span.start, span.end) ?? '?'}`).join(', ')}`,
    ),
  ];
}

const counter = (state: string, more = ''): string => `machine Counter {
  state { ${state} }
  on Read -> Int { return -< 1 }
}
${more}`;

const v1 = counter('count: Int = 0');
const renamed = (clauses: string, path = './old.sm'): string =>
  `import ${path === 'deployed' ? path : `"${path}"`} as old\n${counter('total: Int = 0', `upgrade old.Counter -> Counter { ${clauses} }`)}`;

describe('two versions', () => {
  it('of a machine have a derived upgrade between them', () => {
    const compared = compare({ 'old.sm': v1, 'main.sm': counter('count: Int = 0, down: Bool = false') });
    expect(told(compared)).toEqual(['Counter upgraded']);
    const { bundle, machines } = compared;
    const decoded = decodeBundle(encodeBundle(bundle!));
    expect(decoded.ok).toBe(true);
    expect(bundle!.upgrades.map(({ machine, image, old }) => ({ machine, image, old }))).toEqual([
      { machine: 'Counter', image: 0, old: fingerprints(machines[0].old!.image) },
    ]);
    expect(machines[0].upgrade!.judgement.lostOnWayBack).toEqual([['state', 'down']]);
  });

  it('tell what is added, removed and unchanged', () => {
    const machine = (name: string): string => `machine ${name} { on Go { } }\n`;
    const compared = compare({
      'old.sm': machine('A') + machine('B'),
      'main.sm': machine('B') + machine('C'),
    });
    expect(told(compared)).toEqual(['A removed', 'B unchanged', 'C added']);
    expect(compared.bundle).toMatchObject({ upgrades: [], images: [{ name: 'B' }, { name: 'C' }] });
  });

  it('that need a clause are refused, with places in both', () => {
    const compared = compare({ 'old.sm': v1, 'main.sm': counter('total: Int = 0') });
    expect(told(compared)).toEqual(['Counter refused', 'E0402 main.sm: Counter, old.sm: count']);
    expect(compared.bundle).toBe(null);
    expect(compared.machines[0].diagnostics).toEqual(compared.diagnostics);
  });

  it('use the upgrade of the newer file, where it leads from the older one', () => {
    const main = renamed('rename count -> total');
    expect(told(compare({ 'old.sm': v1, 'main.sm': main }))).toEqual(['Counter upgraded as written']);
    // The same code under another name, as bytecode, or deployed.
    expect(told(compare({ 'old.sm': v1, 'main.sm': main }, { old: 'old.smb' }))).toEqual([
      'Counter upgraded as written',
    ]);
    const files = { 'old.sm': v1, 'main.sm': renamed('rename count -> total', 'deployed') };
    expect(told(compare(files, { old: 'deployed', deployed: 'old.sm' }))).toEqual([
      'Counter upgraded as written',
    ]);
  });

  it('are refused where that upgrade is', () => {
    const compared = compare({ 'old.sm': v1, 'main.sm': renamed('rename sum -> total') });
    expect(told(compared)).toEqual(['Counter refused as written', 'E0405 main.sm: sum']);
  });

  it('try the clauses of an upgrade from another version where nothing can be derived', () => {
    const files = {
      'old.sm': v1,
      'main.sm': renamed('rename count -> total'),
      'between.sm': counter('count: Int = 0, down: Bool = false'),
      'after.sm': `${counter('total: Int = 0, down: Bool = false')}`,
    };
    const lost = compare(files, { old: 'between.sm' });
    expect(told(lost).slice(0, 1)).toEqual(['Counter refused']);
    const kept = {
      ...files,
      'main.sm': files['main.sm'].replace('total: Int = 0', 'total: Int = 0, down: Bool = true'),
    };
    expect(told(compare(kept, { old: 'between.sm' }))).toEqual(['Counter upgraded as written']);
    // Derived where it can be: the clauses speak of a version that is no more.
    expect(told(compare(kept, { old: 'after.sm' }))).toEqual(['Counter upgraded']);
  });

  it('do not carry out a clause twice', () => {
    const doubled = (state: string, clauses: string, path = 'deployed'): string =>
      `import ${path} as old\n${counter(state, `upgrade old.Counter -> Counter { ${clauses} }`)}`;
    const twice = 'state.count old -> old.count * 2';
    const files = (clauses: string, state = 'count: Int = 2'): Record<string, string> => ({
      'v1.sm': v1,
      'old.sm': doubled('count: Int = 1', twice, '"./v1.sm"'),
      'main.sm': doubled(state, clauses),
    });
    const refused = { old: 'deployed', deployed: 'old.sm' };
    const leftOut = { ...refused, ofCarriedOut: 'left out' } as const;
    const alike = [
      twice,
      'state.count was -> was.count * 2',
      'state.count   old -> -- once\n old.count *\n 2',
    ];
    for (const clause of alike) {
      expect(told(compare(files(clause), refused))).toEqual([
        'Counter refused as written',
        `E0412 main.sm: ${clause}`,
      ]);
      expect(told(compare(files(clause), leftOut))).toEqual(['Counter upgraded as written']);
      const { bundle, machines } = compare(files(clause), leftOut);
      expect(machines[0].written!.clauses).toEqual([]);
      // Remembered as long as it stands there.
      expect(bundle!.debug[0].carriedOut).toHaveLength(1);
    }
    const others = ['state.count old -> (old.count * 2)', 'state.count old -> old.count * 3'];
    for (const clause of others) {
      for (const versions of [refused, leftOut]) {
        const { machines } = compare(files(clause), versions);
        expect(machines[0].written!.clauses).toHaveLength(1);
        expect(machines[0].change).toBe('upgraded');
      }
    }
    // What is new beside it counts.
    const beside = files(`${twice}; state.more old -> old.count`, 'count: Int = 2, more: Int = 0');
    expect(told(compare(beside, refused))).toEqual(['Counter refused as written', `E0412 main.sm: ${twice}`]);
    expect(compare(beside, leftOut).machines[0].written!.clauses).toHaveLength(1);
    expect(compare(beside, leftOut).bundle!.debug[0].carriedOut).toHaveLength(2);
    // An upgrade of what is not deployed leads nowhere, and is left out.
    const gone: Record<string, string> = { ...files(twice), 'old.sm': 'machine Other { on Go { } }\n' };
    expect(told(compare(gone, refused))).toEqual(['E0206 main.sm: Counter']);
    expect(told(compare(gone, leftOut))).toEqual(['Counter added', 'Other removed']);
    const mistyped = {
      ...gone,
      'main.sm': gone['main.sm']
        .replaceAll('Counter {', 'Cuonter {')
        .replace('machine Cuonter', 'machine Counter'),
    };
    expect(told(compare(mistyped, leftOut))).toEqual(['E0206 main.sm: Cuonter']);
    // Only what leads from what is deployed: a file is what it was.
    const fromFile = { ...files(''), 'main.sm': doubled('count: Int = 2', twice, '"./old.sm"') };
    expect(told(compare(fromFile, refused))).toEqual(['Counter upgraded as written']);
  });

  it('with two upgrades of a machine are refused', () => {
    const main = renamed('rename count -> total', 'deployed');
    const twice = `${main}\nupgrade old.Counter -> Counter { drop count }\n`;
    const files = { 'old.sm': v1, 'main.sm': twice };
    for (const ofCarriedOut of ['refused', 'left out'] as const) {
      const compared = compare(files, { old: 'deployed', deployed: 'old.sm', ofCarriedOut });
      expect(compared.diagnostics.map(({ message }) => message)).toEqual([
        'the upgrade of `Counter` is declared twice',
      ]);
    }
  });

  it('look at the older one without its upgrades, tests, and what they import', () => {
    const old = `import "./gone.sm" as before
import deployed as last
${counter('count: Int = 0', 'upgrade before.Counter -> Counter { drop note }\nupgrade last.Counter -> Counter {}\ntest "no" for Gone { }')}`;
    const compared = compare({ 'old.sm': old, 'main.sm': counter('count: Int = 1') });
    expect(told(compared)).toEqual(['Counter upgraded']);
  });

  it('with errors of their own are refused with these alone', () => {
    const wrong = counter('count: Int = "0"');
    expect(told(compare({ 'old.sm': v1, 'main.sm': wrong }))).toEqual([
      expect.stringMatching(/^E02.* main.sm/),
    ]);
    expect(told(compare({ 'old.sm': wrong, 'main.sm': v1 }))).toEqual([
      expect.stringMatching(/^E02.* old.sm/),
    ]);
    expect(told(compare({ 'main.sm': v1 }, { old: 'deployed' }))).toEqual(['E0283 deployed: ?']);
  });

  it('may both be bytecode; each change is told', () => {
    const compared = compare(
      {
        'old.sm': counter('a: Int = 0, b: Int = 0'),
        'new.sm': counter('a: String = "", b: String = ""'),
        'more.sm': counter('a: Int = 0, b: Int = 0, c: Int = 7'),
      },
      { old: 'old.smb', next: 'new.smb' },
    );
    expect(compared.diagnostics.map(({ message }) => message)).toEqual([
      expect.stringMatching(/`state.a` changed from Int to String/),
      expect.stringMatching(/`state.b` changed from Int to String/),
    ]);
    const files = { 'old.sm': v1, 'new.sm': counter('count: Int = 0, c: Int = 7') };
    expect(told(compare(files, { old: 'old.smb', next: 'new.smb' }))).toEqual(['Counter upgraded']);
  });

  it('that change the key are refused', () => {
    const keyed = v1.replace('Counter', 'Counter(id: String)');
    expect(told(compare({ 'old.sm': v1, 'main.sm': keyed }))).toEqual([
      'Counter refused',
      'E0290 main.sm: Counter, old.sm: Counter',
    ]);
  });
});
