//! Wherever Python lets an expression stand, a call in it is seen, and nothing is reported as not understood.

use super::*;
use crate::facts::ArgName;
use crate::outline::{Wanted, WantedName, outline, select};

/// `§` is the call.
#[rustfmt::skip]
const PLACES: [&str; 357] = [
    "type(§).a = 1", "type (§).a = 1", "type = §", "type: int = §", "match(§).y = 1", "match (§)[0] = 1", "match: int = §", "case = §",
    "_ = §", "print(§).a", "print (§)", "print(§) >> y", "print >>§", "print, §", "exec(§)", "exec (§).x", "exec = §", "async_ = §",
    "y = [*§[:1]]", "y = [*§]", "y = *§,", "y = {*§}", "y = {**§}", "f(*§[0])", "f(**§[0])", "f(*§, **§)", "print(*§.split())",
    "print('a', *§.split())", "for a in *§, b: pass", "for a, *b in §: pass", "for a[§] in y: pass", "for (a.b[§]) in y: pass",
    "with § as a, b as c: pass", "with (§ as a, b as c): pass", "with (§, b): pass", "with (§): pass", "with a as b[§]: pass",
    "with (a as b[§],): pass", "del (§).a", "del a[§], b", "del (a[§])", "assert (a, §)", "assert a, §", "raise §", "raise a from §",
    "lambda: (yield §)", "def f(): yield from §", "def f(): x = yield §", "def f(): return *§, 1", "def f(): return (yield §)",
    "async def f(): await §", "async def f():\n  return [a async for a in §]", "async def f():\n  async with § as a: pass", "@§\ndef f(): pass",
    "@(lambda f: §)\ndef f(): pass", "@a[§].b\nclass f: pass", "@a\n@§\nclass f: pass", "class A(§): pass", "class A(metaclass=§): pass",
    "class A(*§, **b): pass", "class A: §", "class A:\n  x: §", "class A:\n  x: § = 1", "def f(a=§): pass", "def f(a, *, b=§): pass",
    "def f(a: §): pass", "def f(*a: §): pass", "def f() -> §: pass", "def f(a, /, b=§): pass", "lambda a=§: 1", "lambda *a, b=§: 1", "x[§]",
    "x[§:]", "x[::§]", "x[:, §]", "x[*§]", "x[a:=§]", "x[§] += 1", "x.y[§].z = 1", "(a, b[§]) = c", "[a, b[§]] = c", "a = b[§] = c",
    "(a := §)", "if (a := §): pass", "while §: pass", "while a:\n  break\nelse: §", "for a in b: pass\nelse:\n  §", "try: pass\nfinally: §",
    "try: pass\nexcept a[§]: pass", "try: pass\nexcept (a, §) as e: pass", "try: pass\nexcept* a[§]: pass",
    "try: pass\nexcept A: pass\nelse: §", "try: §\nexcept: pass", "match §:\n  case 1: pass", "match a, §:\n  case 1: pass",
    "match a:\n  case 1 if §: pass", "match a:\n  case {'a': 1, **r}: §", "match a:\n  case [1, 2] | (3, 4): §",
    "match a:\n  case A(x=1, y=B()): §", "match a:\n  case -1+2j: §", "match *a, §:\n  case _: pass",
    "match a:\n case 1:\n  pass\n case _:\n  §", "match (a):\n  case x.y: §", "match [a, §]:\n  case _: pass", "match {a: §}:\n  case _: pass",
    "match -§:\n  case _: pass", "match not §:\n  case _: pass", "match lambda: §:\n  case _: pass", "if 1: §", "if 1: pass; §",
    "if 1:\n  pass\nelif §: pass", "if 1:\n  pass\nelif 2: §", "if 1: pass\nelse: §", "a; §", "a;§;", "a = 1;b = §", "f'{§}'", "f'{§!r}'",
    "f'{§:>10}'", "f'{a:{§}}'", "f'{§=}'", "f'{{}}{§}'", "f'{a}{§}'", "rf'{§}'", "fr'\\{§}'", "F'{§}'", "Rf\"\"\"{\n§\n}\"\"\"",
    "f'a' f'{§}'", "'a' f'{§}' 'b'", "f'{a!r:{§}}'", "f'{ {1: §}[1] }'", "f'{(lambda: §)()}'", "f'''{\n§}'''", "f'\\N{DIGIT ONE}{§}'",
    "f'\\x41{§}'", "f'{a:%H}{§}'", "f'\\\\{§}'", "f'{a:\\x41}{§}'", "f'{\"}\"}{§}'", "f'{\"{\"}{§}'", "f'{a[\"b\"]}{§}'", "f'{a}}}{§}'",
    "f'{{{§}}}'", "f'{a if b else §}'", "f'{*§,}'", "f'{yield_}{§}'", "f'{a:{b}{§}}'", "a if § else b", "§ if a else b", "a if b else §",
    "not §", "-§", "~§", "a ** -§", "a @ §", "a // §", "a <= § < b", "a is not §", "a not in §", "a and § or b", "(§)", "((§,),)",
    "[[§]]", "{§}", "{a: §}", "{§: a}", "{**a, 'b': §}", "[§ for a in b]", "[a for a in §]", "[a for a in b if §]", "{a: § for a in b}",
    "{§: b for a in b}", "(a for a in b if c for d in §)", "f(§ for a in b)", "[a for a in b if c if §]", "[lambda: § for a in b]",
    "[a for a, b[§] in c]", "§()", "§.a()", "§[0]()", "a(§)(b)", "a.b(c=§)", "a(b)(c)(§)", "a\\\n(§)", "(a\n(§))", "(  # c\n§  # d\n)",
    "[\n# (\n§]", "a = '''#''' ; §", "a = '\\'' ; §", "a = r'\\'' ; §", "a = b'\\x27' ; §", "a = '#'; §", "a = \"'\" ; §",
    "a = '''\\''''; §", "a = '\\\n' ; §", "a = u'x'; §", "a = Rb'x'; §", "a = 1_000; §", "a = 1e5; §", "a = 1j; §", "a = .5; §",
    "a = 1.; §", "a = 0o7; §", "a = 1if 1else 2; §", "a = 1or §", "a = [1]and §", "a = ...; §", "\u{c}§", "if 1:\n\t§",
    "if 1:\n        a\n        §", "if 1:\n  a\n\n  # x\n# y\n  §", "if 1:\n  a\n\\\n  \n§", "a\n  # indented comment\n§",
    "def f():\n  '''d'''\n  §", "def f(): '''d'''; §", "class A:\n  '''d'''\n  def m(self):\n    §", "# a \\\n§", "a = 1 # \\\n§",
    "a = (1, # )\n §)", "a = 1 \\\n+ §", "if a and \\\n  b: §", "\\\n§", "def f(\n): §", "def f(a,\n b=1\n):\n  §", "class A(\n): §",
    "def f[T](a: T): §", "class A[T]: §", "type X = §", "type X[T] = §", "global a; §", "def f():\n  global a\n  a = §",
    "def f():\n  nonlocal_ = §", "import a; §", "from a import (b,\n c); §", "from a import b as c; §", "from . import a; §",
    "from .. a import b; §", "from ...a.b import c; §", "import a.b.c as d; §", "a: int; §", "a: int = §", "(a): int = §", "a.b: int = §",
    "a[§]: int", "a: (§)", "a = b = c = §", "a, b = §", "a, = §", "*a, b = §", "(a), b = §", "a += §", "a @= §", "a >>= §", "a //= §",
    "a = yield_; §", "await_ = §", "async_for = §", "None if 1 else §", "True and §", "__debug__ and §", "a = lambda: (§)",
    "a = lambda x: lambda y: §", "a = lambda *, k=§: k", "a.b.c.d(§).e.f", "a = not(§)", "a = (yield_)(§)", "if 1:\r\n  §\r\n", "a\r§",
    "if 1:\r  §\r", "'''a\r''' ; §", "a = (\r§)", "# a\r§", "a \\\r\n; §", "'a\\\r\nb'; §", "def 𝔣(): §", "ª = §", "a = 'é'; §", "é = §",
    "# é\n§", "'é' ; §", "print('a' % §)", "a = 'x' 'y' % §", "a = (yield_ for a in b); §", "with open(a) as f, \\\n  § as g: pass",
    "with a, §: pass", "async def f():\n  async for x in y:\n    §", "a = b\\\n.c(§)", "a = b.\\\nc(§)", "a = (b\n.c\n(§))",
    "if True:\n  pass\n# else\nelse:\n  §", "while 1:\n  if a: continue\n  §", "for a in b:\n  break\n  §", "def f():\n  return\n  §",
    "def f():\n  raise\n  §", "exit(); §", "def f():\n  while True: pass\n  §", "print if 1 else §", "print[§]", "print.a(§)", "print = §",
    "exec[§]", "exec.a(§)", "match[§]", "match.a(§)", "match(§)", "match(a)(§)", "match * §", "match - §", "match, §", "case(§)",
    "type(§)", "type[§]", "type.a(§)", "type * §", "type in §", "type if a else §", "match if a else §", "match and §", "match == §",
    "match in §", "match not in §", "match is §", "match or §", "match @ §", "match: §", "print -1, §", "print(a, §)", "print (a) (§)",
    "print(a)[§]", "print @ §", "print in §", "exec @ §", "exec (a) [§]", "exec in §", "exec, §", "exec * §", "exec -1, §",
    "nonlocal_(§)", "lambda_(§)", "not_(§)", "in_(§)", "a = {'a': 1, **{'b': §}}", "a = [*[*[§]]]", "f(a)(*b)(**{'c': §})",
    "f(a for a in b)(§)", "f((a for a in b), §)", "f(a, b=[c for c in d if §])", "f(a:=§)", "f(a=(b:=§))", "f'{d['a']}{§}'",
    "f'{f'{f'{§}'}'}'", "f'{'a' + §}'", "f'''{f'''{§}'''}'''", "f'{\n§ # c }\n}'", "f'{'#'}{§}'", "f'{x:{'{'}}{§}'", "f'{\"\\n\".join(§)}'",
];

#[test]
fn a_call_hides_nowhere() {
    let wanted = Wanted::new(WantedName::qualified("torch.load"));
    for place in PLACES {
        let source = format!("import torch\n{}\n", place.replace("§", "torch.load(x, weights_only=False)"));
        let o = outline(source.as_bytes());
        for blocks in [o.all(), select(&o, source.as_bytes(), &wanted)] {
            let f = module(source.as_bytes(), &o, &blocks);
            let flagged = |id: ValueId| matches!(f.value(id).what, V::Bool(false));
            let found = f.items.iter().any(|i| match &i.what {
                What::Call(c) => {
                    c.name == "torch.load" && c.args.iter().any(|a| a.name == ArgName::Keyword("weights_only".into()) && flagged(a.value))
                }
                _ => false,
            });
            assert!(found, "{place:?} {blocks:?}");
            assert!(f.notices.is_empty(), "{place:?} {:?}", f.notices);
        }
    }
}
