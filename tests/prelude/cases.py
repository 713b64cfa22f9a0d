"""Calls of prelude functions compared with a reference: the harness of test_math and test_scalar_math."""

import pathlib
import sys
import warnings

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "crates" / "silicon" / "src" / "prelude"))

warnings.simplefilter("ignore")
np.seterr(all="ignore")
RNG = np.random.default_rng(20240229)
ROWS = []
ONLY = sys.argv[1:]


def record(name, ok, note):
    ROWS.append((name, ok, note))


def wanted(name):
    return not ONLY or any(part in name for part in ONLY)


def report():
    """Prints the table; the exit status."""
    width = max([len(row[0]) for row in ROWS], default=0)
    for name, ok, note in ROWS:
        print("%-4s %-*s %s" % ("ok" if ok else "FAIL", width, name, note))
    failed = sum(not row[1] for row in ROWS)
    print("%d checks, %d failed" % (len(ROWS), failed))
    return 1 if failed or not ROWS else 0


def flat(v):
    return list(v) if isinstance(v, (tuple, list)) else [v]


def differs(got, want, tolerance):
    """None, or how two results differ: structure, type, shape or value."""
    g, w = flat(got), flat(want)
    if len(g) != len(w):
        return "%d results, not %d" % (len(g), len(w))
    for a, b in zip(g, w):
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype != b.dtype:
            return "dtype %s, not %s" % (a.dtype, b.dtype)
        if a.shape != b.shape:
            return "shape %s, not %s" % (a.shape, b.shape)
        if tolerance == 0 or a.dtype.kind not in "fc":
            if not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
                return "values %s, not %s" % (a.ravel()[:6], b.ravel()[:6])
        else:
            eps = np.finfo(a.dtype).eps * tolerance
            scale = np.max(np.abs(b[np.isfinite(b)]), initial=0)
            if not np.allclose(a, b, rtol=eps, atol=eps * scale, equal_nan=True):
                return "values %s, not %s" % (a.ravel()[:6], b.ravel()[:6])
    return None


class Case:
    """Compares one prelude function with its reference over many calls and records one row."""

    def __init__(self, module, name, reference=None, tolerance=0):
        self.name = "%s.%s" % (module.__name__, name)
        self.function = getattr(module, name)
        self.reference = reference or getattr(np, name)
        self.tolerance = tolerance
        self.calls = 0
        self.fault = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None and wanted(self.name):
            record(self.name, self.fault is None and self.calls > 0, self.fault or "%d calls" % self.calls)

    def __call__(self, *args, **kwargs):
        if not wanted(self.name) or self.fault:
            return
        self.calls += 1
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        try:
            want, failed = self.reference(*args, **kwargs), None
        except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError) as error:
            want, failed = None, error
        try:
            got = self.function(*copies, **kwargs)
        except (ValueError, IndexError, TypeError, OverflowError, NotImplementedError) as error:
            if failed is None or isinstance(error, NotImplementedError):
                self.fault = "%r for %s %s" % (error, describe(args), kwargs)
            return
        if failed is not None:
            self.fault = "no error for %s %s, the reference has %r" % (describe(args), kwargs, failed)
            return
        fault = differs(got, want, self.tolerance)
        if fault:
            self.fault = "%s for %s %s" % (fault, describe(args), kwargs)


def describe(args):
    return tuple("%s%s" % (a.dtype, a.shape) if isinstance(a, np.ndarray) else repr(a) for a in args)


DTYPES = (np.float64, np.float32, np.complex128, np.complex64, np.int64, np.int32, np.uint8, np.int16, np.bool_)
REAL = (np.float64, np.float32, np.int64, np.int32, np.uint8)


def sample(shape, dtype, nan=False):
    x = RNG.uniform(-9, 9, shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * RNG.uniform(-9, 9, shape)
    if np.dtype(dtype) == np.bool_:
        return np.asarray(x > 0)
    if np.dtype(dtype).kind == "u":
        x = np.abs(x)
    x = np.asarray(x).astype(dtype)
    if nan and x.size and x.dtype.kind in "fc":
        x = np.where(RNG.uniform(0, 1, shape) < 0.3, x.dtype.type(np.nan), x)
    return x


SHAPES = ((7,), (1,), (8,), (3, 4), (4, 4), (2, 3, 4))


def arrays(dtypes=DTYPES, shapes=SHAPES, nan=False):
    for dtype in dtypes:
        for s in shapes:
            yield sample(s, dtype, nan)


def axes_of(x):
    return [None] + list(range(-x.ndim, x.ndim))
