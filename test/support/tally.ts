import { compile, evaluate, type MachineTerms, STEP_FUEL_DEFAULT, type UpgradeTerms } from '@smc/compiler';
import {
  type Bundle,
  decodeValue,
  encodeBundle,
  encodeUpgradeBody,
  fingerprints,
  type TypeId,
  type TypeTable,
  type Value,
} from '@smc/protocol';
import { BlobStore, decodeGroup, type Entry } from '@smc/node';
import { load } from '@smc/vm';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';

/** A machine in two forms, between which upgrades go back and forth, and what its log means by the reference evaluator. */

const PLAIN = `machine Tally(key: String) {
  state: Int = 0

  on Read -> Int { get }

  on Add(by: Int) -> Int {
    n <- get
    if by == 0 {
      fail -< "nothing to add"
    } else {
      put -< n + by
      return -< n + by
    }
  }
}
`;

const BOXED = `machine Tally(key: String) {
  state { total: Int = 0 }

  on Read -> Int {
    s <- get
    return -< s.total
  }

  on Add(by: Int) -> Int {
    s <- get
    if by == 0 {
      fail -< "nothing to add"
    } else {
      put -< { total: s.total + by }
      return -< s.total + by
    }
  }
}
`;

const SOURCES: Readonly<Record<string, string>> = {
  plain: PLAIN,
  boxed: `import "plain" as old\n\n${BOXED}
upgrade old.Tally -> Tally {
  state n -> { total: n }
  back s -> s.total
}
`,
  again: `import "boxed" as old\n\n${PLAIN}
upgrade old.Tally -> Tally {
  state s -> s.total
  back n -> { total: n }
}
`,
};

interface Version {
  readonly bundle: Bundle;
  readonly encoded: Uint8Array;
  readonly code: string;
  readonly terms: MachineTerms;
  readonly upgrade: UpgradeTerms | null;
  /** The type of the input of each operation. */
  readonly inputs: readonly TypeId[];
  readonly types: TypeTable;
}

function versionOf(entry: string): Version {
  const { bundle, terms, diagnostics } = compile(entry, {
    read: (file) => SOURCES[file] ?? null,
    readBundle: () => null,
    readDeployed: () => null,
    resolve: (_from, path) => path,
  });
  if (bundle === null || terms === null) throw new Error(JSON.stringify(diagnostics));
  const { code } = fingerprints(bundle.images[0]);
  const upgrade = terms.upgrades[0] ?? null;
  const loaded = load(bundle.images[0]);
  if (!loaded.ok) throw new Error(loaded.invalid.message);
  const { types, operations } = loaded.program;
  const inputs = operations.map(({ input }) => input);
  return { bundle, encoded: encodeBundle(bundle), code, terms: terms.machines[0], upgrade, inputs, types };
}

/** `plain` is deployed; `boxed` and `again` are upgrades there and back. */
export const TALLY = { plain: versionOf('plain'), boxed: versionOf('boxed'), again: versionOf('again') };

/** The upgrade that leads on from what runs. */
export function upgradeFrom(code: string): Version {
  return code === TALLY.plain.code ? TALLY.boxed : TALLY.again;
}

/** What the log in a journal says, by the reference evaluator; fails where the log is not as it must be. */
export interface Told {
  /** The total of each key. */
  readonly totals: ReadonlyMap<string, number>;
  /** How often each request key is there. */
  readonly requests: ReadonlyMap<string, number>;
  readonly upgrades: number;
  readonly faults: number;
}

export function replayByReference(file: string): Told {
  const states = new Map<string, Value>();
  const requests = new Map<string, number>();
  let version = TALLY.plain;
  let upgrades = 0;
  let faults = 0;
  for (const entry of entriesOf(file)) {
    if (entry.kind === 'change') {
      const [{ upgrade }] = entry.parts;
      if (upgrade === null) continue;
      version = upgradeFrom(version.code);
      const { bundle, upgrade: terms } = version;
      // The log has the very upgrade that is evaluated here.
      expect(Buffer.from(upgrade).equals(encodeUpgradeBody(bundle.upgrades[0]))).toBe(true);
      for (const [key, state] of states) {
        const migrated = evaluate(terms!, terms!.migration, state, {
          state: null,
          now: 0,
          fuel: STEP_FUEL_DEFAULT,
        });
        if (!migrated.ok) throw new Error(migrated.failure.message);
        states.set(key, migrated.value);
      }
      upgrades++;
    } else if (entry.kind === 'input') {
      if (entry.request !== null) {
        const { request } = entry;
        const name = 'session' in request ? `${request.session} ${request.id}` : request.key;
        requests.set(name, (requests.get(name) ?? 0) + 1);
      }
      const { terms, types, inputs, bundle } = version;
      const { name } = bundle.images[0].operations[entry.operation];
      const { body } = terms.operations.find((each) => each.name === name)!;
      const input = decodeValue(types, inputs[entry.operation], entry.input);
      if (!input.ok) throw new Error(input.malformed.message);
      const state = states.get(entry.instance) ?? terms.initial;
      const world = { state, now: entry.time, fuel: STEP_FUEL_DEFAULT };
      const outcome = evaluate(terms, body, [entry.instance, input.value], world);
      expect(outcome.ok).toBe(entry.outcome.kind === 'ok');
      if (outcome.ok) states.set(entry.instance, outcome.state);
      else faults++;
    }
  }
  const totalOf = (state: Value): number => (Array.isArray(state) ? (state[0] as number) : (state as number));
  const totals = new Map(Array.from(states, ([key, state]) => [key, totalOf(state)]));
  return { totals, requests, upgrades, faults };
}

function* entriesOf(file: string): Generator<Entry> {
  const database = new DatabaseSync(file, { readOnly: true });
  const blobs = new BlobStore();
  for (const { digest, bytes } of database.prepare('SELECT digest, bytes FROM images').all())
    blobs.add(digest as string, bytes as Uint8Array);
  let next = 1;
  for (const row of database.prepare('SELECT * FROM log ORDER BY first').iterate()) {
    const { first, count, structural, time, entries } = row as Record<string, number> & {
      entries: Uint8Array;
    };
    expect(first).toBe(next);
    next += count;
    const group = { isStructural: structural === 1, first, count, time, bytes: entries, blobs: [] };
    const decoded = decodeGroup(group, blobs);
    if (!decoded.ok) throw new Error(decoded.malformed.message);
    yield* decoded.value;
  }
  database.close();
}
