import type { Change, ClientLoss, MachineReport, OperationChange, UpgradeDetail } from '@smc/compiler';
import { shortFingerprint } from '@smc/protocol';
import { clauseLines, upgradeLines, type OlderName } from './clauses.ts';
import type { Colors } from './output.ts';

/**
 * What changed between two versions of a machine, for whoever reviews it: a block of lines, the
 * most important first. Each line starts with `+`, `-` or `~`: there now, there no more, changed.
 */

/** The lines of a machine; `older` is how the file of the new version names the old one. */
export function machineText(machine: MachineReport, older: OlderName, colors: Colors): readonly string[] {
  const { name, change, code } = machine;
  const short = (fingerprint: string | null): string =>
    fingerprint === null ? '' : shortFingerprint(fingerprint);
  const head = colors.bold(name);
  switch (change) {
    case 'added':
      return [`${head} is new: ${short(code.new)}`];
    case 'removed':
      return [`${head} is in the old version only: a deployment leaves it as it is`];
    case 'unchanged':
      return [`${head} is unchanged: ${short(code.new)}`];
    case 'upgraded':
    case 'refused': {
      const way = `${short(code.old)} -> ${short(code.new)}`;
      const verdict = change === 'upgraded' ? 'is upgraded' : colors.red('can not be upgraded');
      const parts =
        change === 'upgraded' ? upgradedParts(machine, older, colors) : refusedParts(machine, older, colors);
      return [`${head} ${verdict}: ${way}`, ...parts];
    }
  }
}

function refusedParts(machine: MachineReport, older: OlderName, colors: Colors): readonly string[] {
  const { name, isWritten, diagnostics } = machine;
  const clauses = clauseLines(diagnostics);
  const written = isWritten ? clauses : [...older.head, ...upgradeLines(name, older.alias, clauses)];
  return [
    ...section(
      'what has to be said',
      diagnostics.map(({ code, message }) => `${colors.red(code)} ${message}`),
    ),
    ...section(
      isWritten ? 'what its upgrade could say' : 'what the file of the new version could say',
      clauses.length === 0 ? [] : written,
    ),
    ...changes(machine, colors),
  ];
}

function upgradedParts(machine: MachineReport, older: OlderName, colors: Colors): readonly string[] {
  const { upgrade } = machine;
  if (upgrade === null) throw new Error(`${machine.name} is upgraded by nothing`);
  const changed = changes(machine, colors);
  return [
    ...(changed.length === 0 ? ['', '  state and operations are as they were; the code is not'] : changed),
    ...section('lost on purpose', upgrade.dropped.map(stateName)),
    ...section('old clients lose', clientLines(upgrade.oldClients, 'gone')),
    ...section('clients should know', [
      ...upgrade.writes.map(
        (name) => `${name}: can change the state now, and is refused where it is sent by GET`,
      ),
      ...upgrade.inOtherForm.map(
        ({ name, isText }) =>
          `${name}: in JSON each is ${isText ? 'a string' : 'an object with a tag'} now, also for clients that name no interface`,
      ),
    ]),
    ...section('new clients lose on the old version', clientLines(upgrade.newClients, 'not there')),
    ...wayBackLines(upgrade),
    ...sourceLines(upgrade, older),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `  ${title}`, ...lines.map((line) => `    ${line}`.trimEnd())];
}

// -------------------------------------------------------------------------- changes

const KEYS = { none: 'no key', string: 'a String', int: 'an Int' } as const;

function changes({ key, state, operations }: MachineReport, colors: Colors): readonly string[] {
  const keys = key === null ? [] : [changed(`${KEYS[key.new]}, was ${KEYS[key.old]}`, colors)];
  return [
    ...section('key', keys),
    ...section(
      'state',
      state.map((change) => changeLine(change, '', colors)),
    ),
    ...section(
      'operations',
      operations.flatMap((operation) => operationLines(operation, colors)),
    ),
  ];
}

const added = (text: string, colors: Colors): string => colors.green(`+ ${text}`);
const gone = (text: string, colors: Colors): string => colors.red(`- ${text}`);
const changed = (text: string, colors: Colors): string => colors.yellow(`~ ${text}`);

/** `whole` is what a change is of that has no path: the state, the reply. */
function changeLine(change: Change, whole: string, colors: Colors): string {
  const { what, kind, old, new: next } = change;
  const path = change.path === '' ? whole : change.path;
  const of = path === '' ? '' : `${path}: `;
  switch (what) {
    case 'field':
    case 'parameter':
      if (kind === 'renamed') return changed(`${path} is called ${next}`, colors);
      return kind === 'added' ? added(`${of}${next}`, colors) : gone(`${of}${old}`, colors);
    case 'constructor':
      if (kind === 'renamed') return changed(`${of}${old} is called ${next}`, colors);
      if (kind === 'changed') return changed(`${of}${next}, was ${old}`, colors);
      return kind === 'added' ? added(`${of}| ${next}`, colors) : gone(`${of}| ${old}`, colors);
    case 'type':
      if (kind === 'converted') return changed(`${of}${next}, converted by a clause`, colors);
      return changed(
        kind === 'renamed' ? `${of}the type ${old} is called ${next}` : `${of}${next}, was ${old}`,
        colors,
      );
    case 'initial':
      return changed(`${of}starts as ${next}, was ${old}`, colors);
    case 'default':
      return changed(`${of}default ${next ?? 'none'}, was ${old ?? 'none'}`, colors);
    case 'order':
      return changed(`${of}the order is ${next}, was ${old}`, colors);
  }
}

function operationLines(operation: OperationChange, colors: Colors): readonly string[] {
  const { kind, old, new: next, parameters, reply } = operation;
  if (kind === 'added') return [added(next ?? '', colors)];
  if (kind === 'gone') return [gone(old ?? '', colors)];
  const inner = [
    ...parameters.map((change) => changeLine(change, '', colors)),
    ...reply.map((change) => changeLine(change, 'reply', colors)),
  ].map((line) => `    ${line}`);
  if (kind === 'replaced') return [gone(`${old}, served by ${next}`, colors), ...inner];
  return [changed(kind === 'renamed' ? `${next}, was ${old}` : (next ?? ''), colors), ...inner];
}

// ------------------------------------------------------------------------ what is lost

const stateName = (path: string): string => (path === 'state' ? 'the whole state' : path);

/** Operations that are not served at all stand together. */
function clientLines(losses: readonly ClientLoss[], without: string): readonly string[] {
  const whole = losses.filter(({ kind }) => kind === 'gone').map(({ operation }) => operation);
  const parts = losses.flatMap(({ operation, kind, path }) => {
    const at = path === '' ? '' : ` ${path}`;
    switch (kind) {
      case 'gone':
        return [];
      case 'parameter':
        return [`${operation}: the parameter${at} is not passed on`];
      case 'request':
        return [`${operation}: fails where it is sent${at}`];
      case 'reply':
        return [`${operation}: fails where the reply is${at}`];
      case 'written':
        return [`${operation}: may fail, as its clause says`];
    }
  });
  return [...(whole.length === 0 ? [] : [`${whole.join(', ')}: ${without}`]), ...parts];
}

function wayBackLines({ wayBack }: UpgradeDetail): readonly string[] {
  if (wayBack === null)
    return section('a way back', ['there is none: `back new -> …` in the upgrade would be one']);
  return section('a way back', [
    ...wayBack.loses.map((path) => `loses ${stateName(path)}`),
    ...wayBack.fails.map((path) => `fails where there is ${path}`),
    ...(wayBack.mayFail ? ['may fail, as its clause says'] : []),
  ]);
}

function sourceLines(upgrade: UpgradeDetail, older: OlderName): readonly string[] {
  const { alias, source, written, derived, around, unsayable, isImported } = upgrade;
  if (derived.length + around.length + unsayable.length === 0) {
    const said =
      written.length === 0 ? 'all carries over as it is' : 'all is said by the upgrade in the file';
    return ['', `  ${said}`];
  }
  const head = isImported ? [] : [`import ${older.source} as ${alias}`, ''];
  const title =
    written.length === 0
      ? 'what is derived, as it could be written'
      : 'the whole upgrade: what is written, and then what is derived';
  return section(title, [...head, ...source.trimEnd().split('\n')]);
}
