"""Compares prelude functions with NumPy and SciPy in CPython, and prints one line per function.

A tolerance is `units * eps * scale`: eps of the result's precision, scale the largest reference magnitude (or what the
test states where the result is a difference of larger numbers), units from the number of operations an output passes
through. Integer, boolean and exact results are compared exactly.
"""

import os
import sys

import numpy as np

PRELUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "crates", "silicon", "src", "prelude")
sys.path.insert(0, PRELUDE)

rows = {}
failures = []


def bound(module):
    """{library name: function} of every `# binds:` line of a prelude module, so that tests go by what is bound."""
    path = os.path.join(PRELUDE, module + ".py")
    table = {}
    names = None
    space = __import__(module)
    with open(path, encoding="utf-8") as source:
        for line in source:
            if line.startswith("# binds:"):
                names = [n.strip() for n in line[len("# binds:") :].split(",")]
            elif line.startswith("def ") and names:
                for n in names:
                    table[n] = getattr(space, line[4 : line.index("(")])
                names = None
            elif names:
                raise SystemExit("%s: a `# binds:` line must stand directly above its def" % path)
    return table


def note(name, error, good, what):
    row = rows.setdefault(name, [0, 0.0, 0])
    row[0] += 1
    row[1] = max(row[1], error)
    if not good:
        row[2] += 1
        failures.append("%s: %s" % (name, what))


def compare(name, got, want, units=8.0, scale=None, what="", dtype=True):
    """One case. got and want are arrays, scalars or tuples of them."""
    if isinstance(want, tuple):
        if not isinstance(got, tuple) or len(got) != len(want):
            note(name, np.inf, False, "%s: %r is not a tuple of %d" % (what, type(got), len(want)))
            return
        for g, w in zip(got, want):
            compare(name, g, w, units, scale, what, dtype)
        return
    got = np.asarray(got)
    want = np.asarray(want)
    if got.shape != want.shape or (dtype and got.dtype != want.dtype):
        note(name, np.inf, False, "%s: %s%s, should be %s%s" % (what, got.dtype, got.shape, want.dtype, want.shape))
        return
    if want.size == 0:
        note(name, 0.0, True, what)
        return
    if want.dtype.kind in "biu":
        same = bool(np.array_equal(got, want))
        note(name, 0.0 if same else np.inf, same, "%s: %r, should be %r" % (what, got, want))
        return
    nan = np.isnan(want) | np.isinf(want)
    if not np.array_equal(got[nan], want[nan], equal_nan=True):
        note(name, np.inf, False, "%s: NaN or infinity in other places" % what)
        return
    got, want = got[~nan], want[~nan]
    if want.size == 0:
        note(name, 0.0, True, what)
        return
    eps = np.finfo(want.dtype).eps
    size = np.abs(want).max() if scale is None else scale
    limit = units * eps * size
    worst = np.abs(got.astype(np.complex128) - want.astype(np.complex128)).max()
    error = worst / limit if limit > 0 else (0.0 if worst == 0 else np.inf)
    note(name, float(error), bool(worst <= limit), "%s: off by %.3g, allowed %.3g" % (what, worst, limit))


def raises(name, kind, call, what=""):
    """The call must raise `kind` itself or a subclass."""
    try:
        call()
    except kind:
        note(name, 0.0, True, what)
    except Exception as other:  # the wrong exception is the finding
        note(name, np.inf, False, "%s: raised %r, should raise %s" % (what, other, kind.__name__))
    else:
        note(name, np.inf, False, "%s: did not raise %s" % (what, kind.__name__))


def finish(tables):
    """Print the table; exit 1 on any failure and on any bound name without a case."""
    for name in sorted(rows):
        cases, worst, bad = rows[name]
        print("%-44s %5d cases  worst %8.3f of tolerance  %s" % (name, cases, worst, "FAIL %d" % bad if bad else "ok"))
    for text in failures[:60]:
        print("FAIL", text)
    untested = sorted(n for t in tables for n in t if n not in rows)
    for n in untested:
        print("FAIL", n, "is bound but has no test")
    total = sum(r[0] for r in rows.values())
    print("%d names, %d cases, %d failures, %d untested" % (len(rows), total, len(failures), len(untested)))
    sys.exit(1 if failures or untested else 0)
