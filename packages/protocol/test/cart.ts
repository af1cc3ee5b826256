import { INT, STRING, TIME, TypeTable, UNIT } from '../src/index.ts';

// Types of a state with lists, records and a sum.

export const types = new TypeTable();
export const item = types.record([
  { name: 'name', type: STRING },
  { name: 'price', type: INT },
]);
export const paidAt = types.record([{ name: 'at', type: TIME }]);
export const status = types.intern({
  kind: 'sum',
  name: 'Status',
  arguments: [],
  constructors: [
    { name: 'Open', labels: [], payload: UNIT },
    { name: 'Paid', labels: ['at'], payload: paidAt },
  ],
});
export const items = types.list(item);
// Fields by name: items 0, note 1, status 2.
export const cart = types.record([
  { name: 'items', type: items },
  { name: 'note', type: STRING },
  { name: 'status', type: status },
]);
