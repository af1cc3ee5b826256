import { decodeImage, decodeUpgradeBody, type Decoded, type Upgrade } from '@smc/protocol';
import { type Invalid, type JitMode, load, type LoadedUnit, loadUnit } from '@smc/vm';
import { problem, type Problem } from '../problem.ts';
import { makeVersion, type Version } from '../version.ts';

/**
 * From the bytes of an image or of an upgrade to what can run. A node trusts nothing: both are
 * decoded and verified each time, whether they come from a bundle or from the log.
 */
export type Loaded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export interface LoadedUpgrade {
  readonly upgrade: Upgrade;
  readonly functions: LoadedUnit;
}

export function loadVersion(
  name: string,
  bytes: Uint8Array,
  debugBytes: Uint8Array,
  jit: JitMode,
): Loaded<Version> {
  const image = decodeImage(bytes);
  if (!image.ok) return malformed(`the image of ${name}`, image);
  const loaded = load(image.value, { jit });
  if (!loaded.ok) return unverified(`the image of ${name}`, loaded.invalid);
  return { ok: true, value: makeVersion(image.value, bytes, loaded.program, debugBytes) };
}

/** `header` is what stands before the body in a bundle. */
export function loadUpgrade(
  header: Pick<Upgrade, 'machine' | 'old' | 'oldEmit' | 'image'>,
  body: Uint8Array,
  jit: JitMode,
): Loaded<LoadedUpgrade> {
  const what = `the upgrade of ${header.machine}`;
  const upgrade = decodeUpgradeBody(header, body);
  if (!upgrade.ok) return malformed(what, upgrade);
  const loaded = loadUnit(upgrade.value.unit, { jit });
  if (!loaded.ok) return unverified(what, loaded.invalid);
  return { ok: true, value: { upgrade: upgrade.value, functions: loaded.functions } };
}

function malformed<T>(what: string, decoded: Decoded<unknown> & { ok: false }): Loaded<T> {
  const { message, offset } = decoded.malformed;
  return refuse(problem('malformed', `${what} does not decode: ${message} (at byte ${offset})`));
}

function unverified<T>(what: string, { message, function: index, word }: Invalid): Loaded<T> {
  const place =
    index === undefined
      ? ''
      : word === undefined
        ? ` (function ${index})`
        : ` (function ${index}, word ${word})`;
  return refuse(problem('unverified', `${what} does not verify: ${message}${place}`));
}

function refuse<T>(refused: Problem): Loaded<T> {
  return { ok: false, problem: refused };
}
