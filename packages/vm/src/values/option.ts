import { Sum, type Value } from '@smc/protocol';

/** `None`, of any type: all of them are one object. */
export const NONE = new Sum(0, null);

/** `Some(value)` */
export const some = (value: Value): Sum => new Sum(1, value);

/** The Option that an optional stands for: `undefined` for None, else the payload of Some. */
export const optionOf = (payload: Value | undefined): Sum => (payload === undefined ? NONE : some(payload));
