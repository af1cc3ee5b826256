import { compile, printDefinitions, evaluate } from '@smc/compiler';
import { encodeBundle, decodeImage, encodeImage } from '@smc/protocol';
import { load, Instance } from '@smc/vm';
const run = (name: string, text: string) => {
  const t0 = performance.now();
  try {
    const c = compile('m.sm', { read: () => text, resolve: (a, b) => b });
    const d = c.diagnostics[0];
    let extra = '';
    if (c.bundle) {
      const t1 = performance.now();
      extra += ` compile ${(t1 - t0) | 0}ms words ${c.bundle.images[0].unit.functions.map((f) => f.code.length).reduce((a, b) => a + b)}`;
      const bytes = encodeBundle(c.bundle);
      printDefinitions(c.terms!.machines[0]);
      const t2 = performance.now();
      const m = c.terms!.machines[0];
      const o = evaluate(m, m.operations[0].body, m.operations[0].parameters.length ? 1 : null, { state: m.initial, now: 0, fuel: 1e9 });
      extra += ` eval ${(performance.now() - t2) | 0}ms`;
      const dec = decodeImage(encodeImage(c.bundle.images[0]));
      if (!dec.ok) extra += ' MALFORMED ' + dec.malformed.message;
      const l = load(c.bundle.images[0]);
      extra += ` bytes ${bytes.length} vm ${l.ok || JSON.stringify(l.invalid)}`;
      if (l.ok) { const i = new Instance(l.program.initial); const r = l.program.step(i, 0, m.operations[0].parameters.length ? 1 : null, 0, 1e9); extra += ` same ${JSON.stringify(r) === JSON.stringify(o.ok ? o.value : 0)}`; }
    }
    console.log(name, c.bundle ? 'ok' : `${d.code} ${d.message.slice(0, 150)}`, extra, ((performance.now() - t0) | 0) + 'ms');
  } catch (e) { console.log(name, 'THROWN', String((e as Error).stack).slice(0, 600)); }
};
const m = (body: string, extra = '') => `${extra}\nmachine M { state: Int = 0\n on Go(n: Int) -> Int { ${body} } }`;
for (const k of [300, 480, 990, 2000]) {
  run(`sum ${k}`, m(`return -< ${Array(k).fill('n').join(' + ')} - n*${k}+n`));
  run(`parens ${k}`, m(`return -< ${'('.repeat(k)}n${')'.repeat(k)}`));
  run(`right ${k}`, m(`return -< ${'(1 - '.repeat(k)}n${')'.repeat(k)}`));
  run(`if ${k}`, m(`return -< ${'if n > 0 { '.repeat(k)}n${' } else { 0 }'.repeat(k)}`));
  run(`cmd if ${k}`, m(`${'if n > 0 { '.repeat(k)}return -< n${' } else { return -< 0 }'.repeat(k)}`));
  run(`let in ${k}`, m(`return -< ${Array.from({ length: k }, (_, i) => `let x${i} = n + ${i} in `).join('')}x0`));
  run(`block lets ${k}`, m(`${Array.from({ length: k }, (_, i) => `let x${i} = n + ${i}\n`).join('')} return -< x0 + x${k - 1}`));
  run(`block puts ${k}`, m(`${Array.from({ length: k }, (_, i) => `put -< n\n`).join('')} return -< n`));
  run(`chain ${k}`, m(`return -< f0(n)`, Array.from({ length: k }, (_, i) => `fun f${i}(n: Int) -> Int = ${i === k - 1 ? 'n' : `f${i + 1}(n) + f${i+1}(0) * 0`}`).join('\n')).replaceAll(/\+ f\d+\(0\) \* 0/g, '+ 1 - 1'));
  run(`compose ${k}`, m(`${Array(k).fill('double').join(' >>> ')} -< 0`, 'fun double(n: Int) -> Int = n + n'));
  run(`literals ${k}`, m(`case n { ${Array.from({ length: k }, (_, i) => `${i + 2} -> return -< ${i}\n`).join('')} _ -> return -< n }`));
}
run('puts 20000', m(`${Array.from({ length: 20000 }, (_, i) => `put -< n\n`).join('')} return -< n`));
run('list 20000', m(`return -< List.length([${Array.from({ length: 20000 }, (_, i) => `n`).join(',')}])`));
run('instances', m(`return -< f0(n)`, Array.from({ length: 40 }, (_, i) => i === 39 ? `fun f39<a>(x: a) -> Int = 1` : `fun f${i}<a>(x: a) -> Int = f${i + 1}((x, x)) + f${i + 1}([x])`).join('\n')));
run('instances pairs', m(`return -< f0(n)`, Array.from({ length: 40 }, (_, i) => i === 39 ? `fun f39<a>(x: a) -> Int = 1` : `fun f${i}<a>(x: a) -> Int = f${i + 1}((x, x))`).join('\n')));
run('case explosion', m(`return -< case (${Array.from({length: 12}, (_, i) => 'o').join(', ')}) { ${Array.from({ length: 12 }, (_, i) => `(${Array.from({ length: 12 }, (_, j) => (j === i ? 'None' : j === (i+5)%12 ? 'Some(1)' : '_')).join(', ')}) -> ${i}\n`).join('')} _ -> 99 }`.replace('return', 'let o = if n > 0 { Some(1) } else { None }\n return')));
run('doubling closures', m(`return -< f0(n)`, Array.from({ length: 60 }, (_, i) => i === 59 ? `fun f59(x: Int) -> (Int, Int) = (x, x)` : `fun f${i}(x: Int) -> Int = fst(g${i}(x)) + 0\nfun g${i}(x: Int) -> (Int, Int) = (f${i+1}(x)${i===58?'':''}, 1)`).join('\n').replace('f59(x)', 'fst(f59(x))')));
run('twice const', m(`return -< f0(n)`, Array.from({ length: 40 }, (_, i) => i === 39 ? `fun f39(x: Int) -> List<Int> = [1]` : `fun f${i}(x: Int) -> ${i === 0 ? 'Int' : 'List<Int>'} = ${i === 0 ? 'List.length(f1(x))' : `f${i + 1}(x) ++ f${i + 1}(x)`}`).join('\n')));
