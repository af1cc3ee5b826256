import type { Image } from './image.ts';
import type { TypeId } from './type.ts';
import type { Value } from './value.ts';

/** The fields of record types that inputs may leave out, with what then stands for them. */
export class FieldDefaults {
  readonly #byType = new Map<TypeId, Map<number, Value>>();

  /** Those of an image. */
  static of(image: Image): FieldDefaults {
    const known = OF_IMAGE.get(image);
    if (known !== undefined) return known;
    const defaults = new FieldDefaults();
    for (const { type, field, constant } of image.defaults) {
      const fields = defaults.#byType.get(type) ?? new Map<number, Value>();
      defaults.#byType.set(type, fields.set(field, image.unit.constants[constant].value));
    }
    OF_IMAGE.set(image, defaults);
    return defaults;
  }

  /** Of a record type, by the place of the field among the sorted names. */
  of(type: TypeId): ReadonlyMap<number, Value> | undefined {
    return this.#byType.get(type);
  }
}

const OF_IMAGE = new WeakMap<Image, FieldDefaults>();

export const NO_DEFAULTS = new FieldDefaults();
