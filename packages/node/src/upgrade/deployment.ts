import { type DeployedMachine, equal } from '@smc/protocol';
import type { DeployEvent, Reply } from '../event.ts';
import type { LogWriter } from '../journal/writer.ts';
import { STEP_LIMITS } from '../limits.ts';
import { problem, type Problem } from '../problem.ts';
import { advance, type NodeState } from '../state.ts';
import { plan, type Plan, type PlannedParts } from './plan.ts';
import { brokenInitially, Preparation, printState } from './prepare.ts';
import { applyChange, applyRefusal, type Change } from './swap.ts';

/**
 * A bundle on its way: judged at first, then prepared beside the machines that it upgrades, in
 * slices between which these handle inputs, then swapped in. The node is changed by `finish`
 * alone; one deployment of a node is on its way at a time, and none for a request that was carried out (`KeptChanges`).
 */
export class Deployment {
  readonly #node: NodeState;
  readonly #event: DeployEvent;
  readonly #plan: Plan;
  readonly #preparations = new Map<string, Preparation>();

  constructor(node: NodeState, event: DeployEvent) {
    this.#node = node;
    this.#event = event;
    this.#plan = plan(node, event);
    if (!this.#plan.ok) return;
    const upgrades = this.#plan.parts.flatMap(({ intention, upgrade, version }) =>
      upgrade === null || intention.running === null
        ? []
        : [{ machine: intention.running, upgrade, version }],
    );
    const share = (fuel: number): number => Math.floor(fuel / Math.max(1, upgrades.length));
    const fuel = { least: share(STEP_LIMITS.prepareFuelMin), most: share(node.limits.prepareFuelMax) };
    for (const { machine, upgrade, version } of upgrades) {
      this.#preparations.set(machine.name, new Preparation(machine, upgrade, version, fuel));
    }
  }

  /** How often what inputs changed meanwhile had to be migrated again: where it is often, they come too fast. */
  get rounds(): number {
    return Math.max(0, ...Array.from(this.#preparations.values(), ({ rounds }) => rounds));
  }

  /** Prepares until `isTimeUp`. Whether all is prepared as of now, so that it can be finished. */
  work(isTimeUp: () => boolean): boolean {
    // What can only be refused needs no more work.
    if (this.#plan.ok && this.#plan.parts.some((each) => this.#overtaken(each) !== null)) return true;
    // All are asked, in one turn: one that was done may have been changed by inputs since. What is
    // migrated whole comes last, in the turn of the swap, so that it is migrated once.
    const waiting = [...this.#preparations.values()];
    for (const rank of ['instances', 'changed instances', 'one state'] as const) {
      for (const preparation of waiting.filter((each) => each.rank === rank)) {
        if (!preparation.work(isTimeUp)) return false;
      }
    }
    return true;
  }

  /** The swap, or the refusal. To be called once, in the turn in which `work` was done. */
  finish(log: LogWriter): Reply {
    this.abandon();
    const planned = this.#plan;
    if (!planned.ok) return this.#refuse(planned.problem, planned.about, log);
    const { parts } = planned;
    const upgraded = [...this.#preparations.keys()];
    const overtaken = parts.map((each) => this.#overtaken(each)).find((found) => found !== null);
    if (overtaken !== undefined) return this.#refuse(overtaken, upgraded, log);
    for (const { version, upgrade } of parts) {
      const fuel = Math.floor(STEP_LIMITS.prepareFuelMin / parts.length);
      const broken = upgrade === null ? brokenInitially(version, fuel) : null;
      if (broken !== null) return this.#refuse(broken, [version.image.name], log);
    }
    for (const code of ['migration-failed', 'invariant'] as const) {
      for (const [name, preparation] of this.#preparations) {
        const refused = preparation.problem(code);
        if (refused !== null) return this.#refuse(refused, [name], log);
      }
    }
    const machines = planned.machines.map((machine) => this.#withNotes(machine));
    const { dryRun } = this.#event;
    if (!dryRun && parts.length > 0) this.#swap(parts, machines, log);
    return { kind: 'deployed', report: { dryRun, machines } };
  }

  /** Leaves the machines as they are. */
  abandon(): void {
    for (const preparation of this.#preparations.values()) preparation.end();
  }

  #swap(parts: readonly PlannedParts[], machines: readonly DeployedMachine[], log: LogWriter): void {
    const node = this.#node;
    const { request: key } = this.#event;
    const request = key === null ? null : { ...key, machines };
    const entries = parts.map(({ version, upgrade, body }) => ({
      machine: version.image.name,
      image: version.bytes,
      debug: version.debugBytes,
      upgrade: upgrade === null ? null : body,
    }));
    const place = advance(node, this.#event.time);
    log.entry({ kind: 'change', ...place, parts: entries, request }, node.blobs);
    for (const each of parts) applyChange(node, this.#changeOf(each));
    node.keptChanges.add(request);
  }

  #changeOf({ version, upgrade }: PlannedParts): Change {
    const preparation = this.#preparations.get(version.image.name);
    if (upgrade === null || preparation === undefined) return { version, upgrade: null };
    return { version, upgrade: { ...upgrade, state: preparation.state } };
  }

  /** Between judgement and swap a machine may have been removed. */
  #overtaken({ intention: { name, running } }: PlannedParts): Problem | null {
    if ((this.#node.machines.get(name) ?? null) === running) return null;
    return problem('stale', `${name} was removed or deployed anew while its upgrade was prepared`);
  }

  #withNotes(machine: DeployedMachine): DeployedMachine {
    const preparation = this.#preparations.get(machine.name);
    const note = preparation === undefined ? null : noteOnInitial(preparation);
    return note === null ? machine : { ...machine, notes: [...machine.notes, note] };
  }

  #refuse(refused: Problem, about: readonly string[], log: LogWriter): Reply {
    const node = this.#node;
    const reply = { kind: 'refused', problem: refused, version: null } as const;
    const machines = about.flatMap((name) => {
      const running = node.machines.get(name)?.version.fingerprints.code;
      return running === undefined ? [] : [{ name, running }];
    });
    if (this.#event.dryRun || machines.length === 0) return reply;
    const { code, message } = refused;
    const refusal = { ...advance(node, this.#event.time), code, message, machines };
    log.entry({ kind: 'refusal', ...refusal }, node.blobs);
    applyRefusal(node, refusal);
    return reply;
  }
}

/** Instances that nobody wrote are migrated like all others: that is not always the new initial state. */
function noteOnInitial({ machine, state, version }: Preparation): string | null {
  if (!machine.instances.isKeyed || equal(state, version.program.initial)) return null;
  const shown = printState(version, state);
  return `instances that nobody wrote have the old initial state as it is migrated, ${shown}, and not the new one`;
}
