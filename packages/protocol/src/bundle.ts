import { ByteReader, ByteWriter, type Decoded, decoding } from './bytes.ts';
import { decodeDebug, encodeDebug } from './debug-encoding.ts';
import {
  decodeImage,
  decodeUpgradeBody,
  type ImageHeader,
  takeImageHeader,
  takeMagic,
  takeName,
} from './decode.ts';
import { encodeImageNumbered, encodeUpgradeBody } from './encode.ts';
import { BUNDLE_MAGIC, FINGERPRINT_BYTES, FORMAT_LIMITS, FORMAT_VERSION } from './format.ts';
import type { Bundle, Fingerprints, FunctionDebug, Image, ImageDebug, Upgrade } from './image.ts';
import { fromHex, toHex } from './hexadecimal.ts';
import { takeSignatures } from './signature.ts';

/**
 * What is sent: the images of machines, the upgrades that lead to them, and apart from both
 * the debug data.
 *
 * A bundle is read in two levels. `openBundle` reads the envelope: what each part is about,
 * and where it is. So a node can say that an upgrade is stale before it looks into it, and
 * takes fingerprints of the very bytes that were sent. Parts are decoded one by one.
 *
 * ```
 * bundle  = magic version  images upgrades debug
 * images  = count (length image)*                       ascending by name of machine
 * upgrades= count (machine old oldEmit index length body)*   ascending by name of machine
 * debug   = (length debug)*                             one for each image
 * ```
 */
export interface Envelope {
  readonly images: readonly EnvelopeImage[];
  readonly upgrades: readonly EnvelopeUpgrade[];
  /** One for each image. */
  readonly debug: readonly EnvelopePart[];
}

/** Bytes inside a bundle: a view, and the offset where it starts. */
export interface EnvelopePart {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

export interface EnvelopeImage extends EnvelopePart, ImageHeader {}

/** The header of an upgrade, and the rest of it. */
export interface EnvelopeUpgrade
  extends EnvelopePart, Pick<Upgrade, 'machine' | 'old' | 'oldEmit' | 'image'> {}

/** The canonical encoding of a bundle, whose images are of different machines. */
export function encodeBundle(bundle: Bundle): Uint8Array {
  if (bundle.debug.length !== bundle.images.length) {
    throw new Error(`${bundle.images.length} images with ${bundle.debug.length} pieces of debug data`);
  }
  const order = bundle.images
    .map((_, i) => i)
    .sort((a, b) => compareNames(bundle.images[a].name, bundle.images[b].name));
  const encoded = order.map((index) => encodeImageNumbered(bundle.images[index]));
  const upgrades = bundle.upgrades.toSorted((a, b) => compareNames(a.machine, b.machine));
  for (const names of [order.map((i) => bundle.images[i].name), upgrades.map((upgrade) => upgrade.machine)]) {
    const twice = names.find((name, i) => i > 0 && name === names[i - 1]);
    if (twice !== undefined) throw new Error(`two images or upgrades of the machine ${twice}`);
  }

  const writer = new ByteWriter();
  writer.raw(BUNDLE_MAGIC);
  writer.byte(FORMAT_VERSION);
  writer.unsigned(encoded.length);
  for (const { bytes } of encoded) writePart(writer, bytes);
  writer.unsigned(upgrades.length);
  for (const upgrade of upgrades) {
    writer.string(upgrade.machine);
    for (const digest of [upgrade.old.code, upgrade.old.state, upgrade.old.interface]) {
      writer.raw(fromHex(digest));
    }
    writer.unsigned(upgrade.oldEmit);
    writer.unsigned(order.indexOf(upgrade.image));
    writePart(writer, encodeUpgradeBody(upgrade));
  }
  order.forEach((index, position) => {
    const debug = bundle.debug[index];
    const { functionOrder, indexOfType } = encoded[position];
    const functions = functionOrder.map((f) => debug.functions[f] ?? UNKNOWN_FUNCTION);
    const typeNames = debug.typeNames.flatMap(({ name, type }) => {
      const own = indexOfType(type);
      return own === null ? [] : [{ name, type: own }];
    });
    writePart(writer, encodeDebug({ ...debug, functions, typeNames }));
  });
  return writer.bytes();
}

const UNKNOWN_FUNCTION: FunctionDebug = { name: '', positions: [] };

function writePart(writer: ByteWriter, bytes: Uint8Array): void {
  writer.unsigned(bytes.length);
  writer.raw(bytes);
}

/** Reads the envelope of a bundle, signed or not. Its parts are views of `bytes`, which must not change. */
export function openBundle(bytes: Uint8Array): Decoded<Envelope> {
  return decoding(bytes, (reader) => {
    const { bundleBytesMax, imageBytesMax } = FORMAT_LIMITS;
    takeSignatures(reader);
    takeMagic(reader, BUNDLE_MAGIC, 'bundle', bundleBytesMax);
    const imageCount = reader.count('images', FORMAT_LIMITS.imagesMax);
    const images: EnvelopeImage[] = [];
    for (let i = 0; i < imageCount; i++) {
      const part = takePart(reader, imageBytesMax);
      const header = takeImageHeader(new ByteReader(bytes, part.offset, part.offset + part.bytes.length));
      images.push({ ...header, ...part });
      if (i > 0) refuseDisorder(reader, images[i - 1].name, images[i].name, part.offset);
    }
    const upgradeCount = reader.count('upgrades', FORMAT_LIMITS.imagesMax);
    const upgrades: EnvelopeUpgrade[] = [];
    for (let i = 0; i < upgradeCount; i++) {
      const start = reader.offset;
      const machine = takeName(reader, 'upper');
      if (i > 0) refuseDisorder(reader, upgrades[i - 1].machine, machine, start);
      const old: Fingerprints = {
        code: takeDigest(reader),
        state: takeDigest(reader),
        interface: takeDigest(reader),
      };
      const oldEmit = reader.unsigned();
      const image = reader.index('image', images.length);
      upgrades.push({ machine, old, oldEmit, image, ...takePart(reader, imageBytesMax) });
    }
    const debug = images.map(() => takePart(reader, bundleBytesMax));
    return { images, upgrades, debug };
  });
}

/** An image of a bundle. Offsets of what is malformed count from the start of the bundle. */
export function decodeImageOf(envelope: Envelope, index: number): Decoded<Image> {
  return within(envelope.images[index], decodeImage(envelope.images[index].bytes));
}

/** An upgrade of a bundle, with the unit of its functions. */
export function decodeUpgradeOf(envelope: Envelope, index: number): Decoded<Upgrade> {
  const header = envelope.upgrades[index];
  return within(header, decodeUpgradeBody(header, header.bytes));
}

/** The debug data of an image of a bundle: for tools. Nothing that runs depends on it. */
export function decodeDebugOf(envelope: Envelope, index: number): Decoded<ImageDebug> {
  return within(envelope.debug[index], decodeDebug(envelope.debug[index].bytes));
}

/** The whole bundle, decoded. */
export function decodeBundle(bytes: Uint8Array): Decoded<Bundle> {
  const envelope = openBundle(bytes);
  if (!envelope.ok) return envelope;
  const parts = {
    images: envelope.value.images.map((_, i) => decodeImageOf(envelope.value, i)),
    upgrades: envelope.value.upgrades.map((_, i) => decodeUpgradeOf(envelope.value, i)),
    debug: envelope.value.debug.map((_, i) => decodeDebugOf(envelope.value, i)),
  };
  for (const part of [...parts.images, ...parts.upgrades, ...parts.debug]) if (!part.ok) return part;
  for (const [i, { offset }] of envelope.value.debug.entries()) {
    const [image, debug] = [parts.images[i], parts.debug[i]];
    if (image.ok && debug.ok && debug.value.functions.length !== image.value.unit.functions.length) {
      return { ok: false, malformed: { message: 'debug data of another number of functions', offset } };
    }
    if (
      image.ok &&
      debug.ok &&
      debug.value.typeNames.some(({ type }) => type >= image.value.unit.types.length)
    ) {
      return { ok: false, malformed: { message: 'debug data with a name for no type', offset } };
    }
  }
  const values = <T>(decoded: readonly Decoded<T>[]): T[] =>
    decoded.flatMap((part) => (part.ok ? [part.value] : []));
  return {
    ok: true,
    value: { images: values(parts.images), upgrades: values(parts.upgrades), debug: values(parts.debug) },
  };
}

function within<T>(part: EnvelopePart, decoded: Decoded<T>): Decoded<T> {
  if (decoded.ok) return decoded;
  const { message, offset } = decoded.malformed;
  return { ok: false, malformed: { message, offset: part.offset + offset } };
}

function takePart(reader: ByteReader, bytesMax: number): EnvelopePart {
  const length = reader.count('bytes', bytesMax);
  return { offset: reader.offset, bytes: reader.raw(length) };
}

function takeDigest(reader: ByteReader): string {
  return toHex(reader.raw(FINGERPRINT_BYTES));
}

function refuseDisorder(reader: ByteReader, left: string, right: string, offset: number): void {
  if (!(left < right)) reader.fail(`${right} after ${left}: machines must ascend by name`, offset);
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
