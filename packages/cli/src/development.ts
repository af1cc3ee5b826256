import type { DeployedMachine, DeployReport, HttpClient, MachineView, Patience, Result } from '@smc/client';
import { parse, reportOf, type ComparedVersions, type MachineReport, type Upgrade } from '@smc/compiler';
import { encodeBundle, type Bundle } from '@smc/protocol';
import { addresses } from './addresses.ts';
import { clauseLines, isDeployed, olderName, upgradeLines } from './clauses.ts';
import { resultLines } from './deployment.ts';
import { EXIT, Refused, Stop } from './exit.ts';
import type { Output } from './output.ts';
import { carriedOut, MayBeDone, type Telling, type Waiting } from './patience.ts';
import { canonical, diagnosticsData, followDeployed, partOf, showDiagnostics } from './sources.ts';
import { stopFor, valueOf } from './target.ts';
import { runningOn } from './versions.ts';

/** UTF-16 units of a state that is shown, and of clauses. */
const SHOWN_LENGTH_MAX = 120;

/** Refusals of a node that lie in the way to a version or in what is there, and not in the moment. */
const WAY_REFUSALS: ReadonlySet<string> = new Set(['ill-typed', 'lossy', 'migration-failed', 'invariant']);

/** Of a wait for the node, which ends with the command. */
const MAY_BE_CARRIED_OUT: Telling = {
  hint: 'It is not known what became of it: save the file again, and it follows what runs then.',
  ends: 'the wait, and the node',
};

/** A version that can be deployed. */
type Followed = ComparedVersions & { readonly bundle: Bundle };

/**
 * One file on a node, and what each save of it does there. What runs is asked of the node every
 * time, since others may deploy to it too.
 *
 * Invariant: a state is lost by `startAfresh` and `removeGone` alone, and both are for a key press.
 */
export class Development {
  readonly #file: string;
  readonly #url: string;
  readonly #client: HttpClient;
  readonly #output: Output;
  readonly #waiting: Waiting;
  /** Machines that run, and were deployed from here. */
  readonly #names = new Set<string>();
  /** Lines that say where an operation is called, and were shown. */
  readonly #addresses = new Set<string>();
  /** Machines to which no way led when it was tried last. */
  #stuck: readonly string[] = [];
  /** Machines that run, and that the file has no longer. */
  #gone: readonly string[] = [];

  constructor(file: string, url: string, client: HttpClient, output: Output, waiting: Waiting) {
    this.#file = file;
    this.#url = url;
    this.#client = client;
    this.#output = output;
    this.#waiting = waiting;
  }

  /** Has the node follow the file as it is now: all of it; or nothing, and it is said why. */
  async save(onRead: (file: string) => void): Promise<void> {
    this.#stuck = [];
    await this.#told(async () => {
      const next = this.#compile(await this.#running(), onRead);
      await this.#settle(next, await this.#deploy(next.bundle));
    });
  }

  /** Deploys the machines anew to which no way led: their states are lost. All others are upgraded. */
  async startAfresh(): Promise<void> {
    const names = this.#stuck;
    if (names.length === 0) {
      return this.#output.note('there is nothing to be started afresh: a way leads to each machine');
    }
    await this.#told(async () => {
      const next = this.#compile(
        partOf(await this.#running(), (name) => !names.includes(name)),
        () => {},
      );
      const isStuck = (name: string): boolean => names.includes(name);
      // The others first: where one of them is refused nothing is lost.
      const others = await this.#deploy(partOf(next.bundle, (name) => !isStuck(name)));
      for (const name of names) await this.#remove(name);
      this.#stuck = [];
      await this.#settle(next, [...others, ...(await this.#deploy(partOf(next.bundle, isStuck)))]);
    });
  }

  /** Takes off the machines that the file has no longer: their states are lost. */
  async removeGone(): Promise<void> {
    const names = this.#gone;
    if (names.length === 0)
      return this.#output.note('there is nothing to be removed: the file has each machine');
    await this.#told(async () => {
      for (const name of names) {
        await this.#remove(name);
        this.#output.line(`${name} removed`);
        this.#output.data({ removed: name });
      }
      this.#gone = [];
    });
  }

  /** Shows the state of each machine; of a keyed one how many there are. */
  async showStates(): Promise<void> {
    await this.#told(async () => {
      for (const machine of valueOf(await this.#client.machines())) {
        this.#output.line(`${machine.name} ${await this.#stateOf(machine)}`);
        if (this.#output.json) this.#output.data(await this.#stateData(machine));
      }
    });
  }

  /** Shows where each operation is called. */
  async showAddresses(): Promise<void> {
    await this.#told(async () => {
      for (const machine of valueOf(await this.#client.machines())) {
        for (const line of addresses(this.#url, machine)) this.#output.line(line);
      }
    });
  }

  // ------------------------------------------------------------------------- steps

  /** What is wrong with the file or with what it would do is said, and the next save is waited for. */
  async #told(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (error instanceof Stop) this.#output.stopped(error);
      else if (!(error instanceof Refused)) throw error;
      if (error instanceof MayBeDone) return;
      const names = [...this.#names];
      this.#output.note(
        names.length === 0
          ? 'nothing runs yet'
          : `nothing has changed: ${names.join(', ')} ${names.length === 1 ? 'goes' : 'go'} on as before`,
      );
      this.#offer();
    }
  }

  /** Says what a key would do that loses something. */
  #offer(): void {
    if (this.#stuck.length === 0) return;
    const names = this.#stuck.join(', ');
    const state = this.#stuck.length === 1 ? 'its state is' : 'their states are';
    this.#output.note(`press r to start ${names} afresh with the new version: ${state} lost`);
    this.#output.data({ afresh: this.#stuck });
  }

  #running(): Promise<Bundle> {
    return runningOn(this.#client, this.#url);
  }

  /** The file as it follows on what runs; what is wrong with it is shown, and ends the step. */
  #compile(running: Bundle, onRead: (file: string) => void): Followed {
    const deployed = { file: 'what runs', bytes: encodeBundle(running) };
    const compared = followDeployed(this.#file, { deployed, onRead }, { ofCarriedOut: 'left out' });
    if (showDiagnostics(compared, this.#output) || compared.bundle === null) {
      this.#output.data(diagnosticsData(compared));
      this.#stuck = compared.machines.flatMap(({ name, change }) => (change === 'refused' ? [name] : []));
      this.#showClauses(compared);
      throw new Refused();
    }
    if (compared.bundle.images.length === 0) {
      throw new Stop(EXIT.refused, 'no-machine', `${this.#file} has no machine`);
    }
    return { ...compared, bundle: canonical(compared.bundle) };
  }

  /** Says what to write for the machines to which no way leads: as it can be pasted into the file. */
  #showClauses({ sources, machines }: ComparedVersions): void {
    const text = sources.get(this.#file) ?? '';
    const upgrades = upgradesIn(this.#file, text);
    const { alias, head } = olderName(this.#file, text, isDeployed);
    const added: string[] = [];
    for (const { name, change, written, diagnostics } of machines) {
      if (change !== 'refused') continue;
      const clauses = clauseLines(diagnostics);
      const lines = clauses.length === 0 ? [] : upgradeLines(name, alias, clauses);
      const own = upgrades.get(name);
      if (own === undefined) added.push(...(added.length > 0 && lines.length > 0 ? [''] : []), ...lines);
      else if (written === null || (written.clauses.length === 0 && own.clauses.length > 0)) {
        const why = written === null ? 'leads from another version' : 'has been carried out';
        this.#showLines(
          `The upgrade of ${name} in ${this.#file} ${why}. Write in its place:`,
          lines.length === 0 ? [] : [...head, ...lines],
        );
      } else {
        this.#showLines(`Write into the upgrade of ${name} in ${this.#file}:`, clauses);
        if (written.clauses.length < own.clauses.length) {
          this.#output.note('Clauses that have been carried out are passed over: take them away.\n');
        }
      }
    }
    if (added.length > 0) this.#showLines(`Write into ${this.#file}:`, [...head, ...added]);
  }

  #showLines(title: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#output.note(`${title}\n`);
    for (const line of lines) this.#output.note(line === '' ? '' : `  ${line}`);
    this.#output.note('');
  }

  async #deploy(bundle: Bundle): Promise<readonly DeployedMachine[]> {
    if (bundle.images.length === 0) return [];
    const report = await this.#sent(bundle, false);
    if (report.ok) return report.value.machines;
    if (report.error.kind === 'refused' && WAY_REFUSALS.has(report.error.code)) {
      this.#stuck = [...this.#stuck, ...(await this.#inTheWay(bundle))];
    }
    throw stopFor(report.error);
  }

  /** The machines of a bundle, which was refused, that would be refused by themselves. */
  async #inTheWay(bundle: Bundle): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { name } of bundle.images) {
      const report = await this.#sent(
        partOf(bundle, (each) => each === name),
        true,
      );
      if (!report.ok && report.error.kind === 'refused') found.push(name);
    }
    return found;
  }

  #sent(bundle: Bundle, dryRun: boolean): Promise<Result<DeployReport>> {
    const bytes = encodeBundle(bundle);
    return this.#carriedOut((patience) => this.#client.deploy(bytes, { dryRun, ...patience }));
  }

  #carriedOut<T>(change: (patience: Patience) => Promise<Result<T>>): Promise<Result<T>> {
    return carriedOut(change, MAY_BE_CARRIED_OUT, this.#output, this.#waiting);
  }

  async #remove(name: string): Promise<void> {
    const removed = await this.#carriedOut((patience) => this.#client.remove(name, patience));
    if (!removed.ok && !(removed.error.kind === 'refused' && removed.error.code === 'unknown-machine')) {
      throw stopFor(removed.error);
    }
    this.#names.delete(name);
  }

  /** The node follows the file: tells what became of each machine. */
  async #settle(followed: Followed, results: readonly DeployedMachine[]): Promise<void> {
    const running = new Map(valueOf(await this.#client.machines()).map((each) => [each.name, each]));
    const reports = new Map(reportOf(followed).machines.map((each) => [each.name, each]));
    for (const result of results) {
      const { name } = result;
      for (const line of await this.#linesOf(result, running.get(name), reports.get(name))) {
        this.#output.line(line);
      }
    }
    for (const { name } of results) this.#names.add(name);
    const before = this.#gone;
    const isInFile = (name: string): boolean => results.some((result) => result.name === name);
    this.#gone = [...this.#names].filter((name) => running.has(name) && !isInFile(name));
    this.#output.data({ machines: results, gone: this.#gone });
    const newlyGone = this.#gone.filter((name) => !before.includes(name));
    if (newlyGone.length > 0) this.#output.note(goneText(newlyGone));
  }

  /** What became of a machine: its state is shown, and where it is called, as far as that is new. */
  async #linesOf(
    result: DeployedMachine,
    machine: MachineView | undefined,
    report: MachineReport | undefined,
  ): Promise<readonly string[]> {
    const [first, ...notes] = resultLines(result, false);
    if (result.result === 'unchanged' || machine === undefined) return [first, ...notes];
    const called = addresses(this.#url, machine).filter((line) => !this.#addresses.has(line));
    for (const line of called) this.#addresses.add(line);
    const isUpgraded = result.result === 'upgraded';
    return [
      first,
      ...(isUpgraded ? [`  state kept: ${await this.#stateOf(machine)}`] : []),
      ...(isUpgraded && report !== undefined ? waysOf(report) : []),
      ...notes,
      ...called.map((line) => `  ${line}`),
    ];
  }

  async #stateData({ name, keyed, instances }: MachineView): Promise<unknown> {
    if (keyed) return { machine: name, instances };
    return { machine: name, state: JSON.parse(valueOf(await this.#client.state(name, 'json'))) as unknown };
  }

  /** A state in a line; of a keyed machine how many instances there are. */
  async #stateOf({ name, keyed, instances }: MachineView): Promise<string> {
    if (keyed) return instances === 1 ? 'one instance' : `${instances} instances`;
    const state = await this.#client.state(name, 'text');
    return shorten(state.ok ? state.value : state.error.message);
  }
}

function goneText(names: readonly string[]): string {
  const [are, go, them, states] =
    names.length === 1
      ? ['is', 'goes on as it is', 'it', 'its state is']
      : ['are', 'go on as they are', 'them', 'their states are'];
  return `${names.join(', ')} ${are} gone from the file and ${go}; press d to remove ${them}: ${states} lost`;
}

/** What leads from one version to the next: the clauses of the file, and what was derived. */
function waysOf({ upgrade, state }: MachineReport): readonly string[] {
  if (upgrade === null) return [];
  const line = (what: string, parts: readonly string[]): readonly string[] =>
    parts.length === 0 ? [] : [`  ${what}: ${shorten(parts.map(inOneLine).join('; '))}`];
  const added = state.flatMap(({ what, kind, path, new: made }) =>
    what === 'field' && kind === 'added' ? [`${path}: ${made}`] : [],
  );
  // Of a migration it is enough to say what is new; the way back is told by what it loses.
  const derived = [...upgrade.derived, ...upgrade.around, ...upgrade.unsayable].flatMap((clause) =>
    clause.startsWith('back ') ? [] : clause.startsWith('state ') ? added : [clause],
  );
  return [...line('written', upgrade.written), ...line('derived', derived)];
}

const inOneLine = (clause: string): string => clause.replaceAll(/\s+/g, ' ');

const shorten = (text: string): string =>
  text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;

/** The upgrades of a source file, by machine. */
function upgradesIn(file: string, text: string): ReadonlyMap<string, Upgrade> {
  const { declarations } = parse(text, file).module;
  return new Map(
    declarations.flatMap((each) => (each.kind === 'upgrade' ? [[each.new.name.text, each]] : [])),
  );
}
