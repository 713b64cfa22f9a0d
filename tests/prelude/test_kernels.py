"""The elementwise kernels of the prelude against NumPy: `python tests/prelude/test_kernels.py [name ...]`.

Needs numpy only. Prints one line per kernel with its largest error in units of the last place; exits 1 on any failure.
References of float64 kernels are computed in 80-bit arithmetic, where the platform has it.
"""

import math
import pathlib
import sys
import warnings

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "crates" / "silicon" / "src" / "prelude"))

import kernels_complex, kernels_f32, kernels_f64, kernels_real  # noqa: E401,E402

warnings.simplefilter("ignore")
np.seterr(all="ignore")
RNG = np.random.default_rng(20240229)
ROWS = []
ONLY = sys.argv[1:]
COUNT = 60000


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


# ---- kernels -------------------------------------------------------------------------------------------------


def same_kind(got, want):
    """Elementwise: NaN where NaN, infinite where infinite with its sign, zero with its sign."""
    finite = np.isfinite(want)
    bad = (np.isnan(got) != np.isnan(want)) | (np.isfinite(got) != finite)
    bad |= np.isinf(want) & (got != want)
    bad |= (want == 0) & (got == 0) & (np.signbit(got) != np.signbit(want))
    return ~bad


def ulps(got, exact):
    """Error in units of the last place of the rounded exact value; infinite where the kind differs."""
    want = exact.astype(got.dtype)
    finite = np.isfinite(want)
    spacing = np.spacing(np.abs(np.where(finite, want, 1)).astype(got.dtype)).astype(exact.dtype)
    error = np.abs(got.astype(exact.dtype) - exact) / spacing
    error = np.where(finite & np.isfinite(got), error, 0)
    # next to the overflow threshold either neighbour is within an ulp
    edge = np.abs(exact) > np.finfo(got.dtype).max * (1 - 2.0**-20)
    return np.where(same_kind(got, want) | edge, error, np.inf)


def log_uniform(low, high):
    return 10.0 ** RNG.uniform(low, high, COUNT) * RNG.choice([-1, 1], COUNT)


def any_bits(dtype):
    whole = RNG.integers(0, 2**64, COUNT, dtype=np.uint64)
    return whole.view(np.float64) if dtype == np.float64 else (whole >> 32).astype(np.uint32).view(np.float32)


def edges(dtype):
    info = np.finfo(dtype)
    values = [0, 1, 0.5, 2, 3, 1.5, np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal, info.tiny / 4, 1 + info.eps, 1 - info.epsneg]
    values += [1e-9, 1e-17, 10, 64, 88.722, 88.73, 103.9, 128, 149, 150, 709.78, 709.79, 710.475, 744.4, 745.2, 1023.5, 1024, 1074, 1075]
    values += [math.pi / 4, math.pi / 2, math.pi, 0.41421356237309503, 1e30, 1e-30]
    v = np.array(values, dtype=np.float64).astype(dtype)
    return np.concatenate((v, -v))


def domains(dtype):
    """Argument samples for each unary kernel."""
    single = dtype == np.float32
    uniform = lambda low, high: RNG.uniform(low, high, COUNT)  # noqa: E731
    wide = log_uniform(-30, 30) if single else log_uniform(-300, 300)
    small = log_uniform(-20, 1)
    near_one = 1 + RNG.standard_normal(COUNT) * 10.0 ** RNG.uniform(-15, -1, COUNT)
    top = 88 if single else 709
    trig = [uniform(-10, 10), uniform(-1e4, 1e4), small, np.rint(uniform(0, 7000)) * (math.pi / 2)]
    return {
        "exp": [uniform(-top * 1.06, top), small],
        "exp2": [uniform(-150, 128) if single else uniform(-1075, 1024), small],
        "expm1": [uniform(-40, top), small, uniform(-2, 2)],
        "log": [np.abs(wide), near_one, uniform(0, 10)],
        "log2": [np.abs(wide), near_one, uniform(0, 10)],
        "log10": [np.abs(wide), near_one, uniform(0, 10)],
        "log1p": [np.abs(wide), small, uniform(-1, 2), -1 + np.abs(log_uniform(-7, 0))],
        "sin": trig,
        "cos": trig,
        "tan": trig,
        "arcsin": [uniform(-1, 1), small, near_one],
        "arccos": [uniform(-1, 1), small, -near_one],
        "arctan": [uniform(-5, 5), wide],
        "sinh": [uniform(-top, top), small],
        "cosh": [uniform(-top, top), small],
        "tanh": [uniform(-25, 25), small],
        "arcsinh": [wide, small],
        "arccosh": [np.abs(wide), 1 + np.abs(small)],
        "arctanh": [uniform(-1, 1), small, 1 - np.abs(log_uniform(-7, 0))],
        "cbrt": [wide, uniform(-10, 10)],
    }


def pairs(dtype):
    """Argument samples for each binary kernel."""
    u = lambda low, high: RNG.uniform(low, high, COUNT)  # noqa: E731
    far = 36 if dtype == np.float32 else 300
    mixed = [(u(-2, 2), u(-2, 2)), (log_uniform(-far, far), log_uniform(-far, far)), (log_uniform(-far - 8, -far), log_uniform(-far - 8, -far))]
    power = [(u(0, 10), u(-15, 15)), (np.abs(log_uniform(-9, 9)), u(-3, 3)), (-np.rint(u(0, 30)), np.rint(u(-20, 20))), (any_bits(dtype), any_bits(dtype))]
    return {"arctan2": mixed, "hypot": mixed, "power": power}


BOUND = {("arctan2", np.float32): 1.6, ("arctan", np.float32): 1.4, ("hypot", np.float32): 1.3, ("hypot", np.float64): 1.3}


def vectorised(module, name):
    """(function for arrays, largest |argument| it takes): the branch-free part of a kernel with a slow range."""
    fast = getattr(module, "_%s_fast" % name, None) or getattr(module, "_%s_middle" % name, None)
    if fast is None:
        return getattr(module, name), np.inf
    return fast, module._TRIG_FAST if hasattr(module, "_%s_fast" % name) else module._TRIG_MIDDLE


def check_kernels(module, dtype):
    exact_type = np.longdouble if dtype == np.float64 else np.float64
    binary = pairs(dtype)
    for name, samples in {**domains(dtype), **binary}.items():
        label = "%s %s" % (dtype.__name__, name)
        if not wanted(label):
            continue
        two = name in binary
        function, limit = vectorised(module, name)
        reference = getattr(np, name)
        e = edges(dtype)
        if two:
            a, b = np.meshgrid(e, e)
            samples = samples + [(a.ravel(), b.ravel())]
        else:
            samples = [(s,) for s in samples] + [(e[~(np.abs(e) > limit)],)]
        worst, at, wrong_bits = 0.0, None, 0
        for sample in samples:
            args = [np.asarray(s).astype(dtype) for s in sample]
            got = function(*args)
            assert got.dtype == dtype, (label, got.dtype)
            # float32 powers need a reference better than float64
            wide_type = np.longdouble if two else exact_type
            error = ulps(got, reference(*[a.astype(wide_type) for a in args]))
            i = int(np.argmax(error))
            if error[i] > worst:
                worst, at = float(error[i]), tuple(float(a[i]) for a in args)
            # a scalar must give the bits of the array
            for i in range(0, len(got), max(1, len(got) // 40)):
                one = getattr(module, name)(*[dtype(a[i]) for a in args])
                assert one.dtype == dtype, (label, one.dtype)
                wrong_bits += one.tobytes() != got[i].tobytes() and not (np.isnan(one) and np.isnan(got[i]))
        bound = BOUND.get((name, dtype), 1.05)
        record(label, worst <= bound and not wrong_bits, "%.3f ULP at %s%s" % (worst, at, ", scalar and array differ" if wrong_bits else ""))


def check_large_angles(module, dtype):
    """The slow ranges, against references that reduce exactly (long double or double libm)."""
    exact_type = np.longdouble if dtype == np.float64 else np.float64
    top = 1020 if dtype == np.float64 else 126
    x = (RNG.uniform(1, 2, 1500) * 2.0 ** RNG.integers(10, top, 1500) * RNG.choice([-1, 1], 1500)).astype(dtype)
    x = np.concatenate((x, edges(dtype)))
    if dtype == np.float64:
        x = np.concatenate((x, [6381956970095103 * 2.0**797]))  # the float64 nearest to a multiple of pi/2
    for name in ("sin", "cos", "tan"):
        label = "%s %s of large angles" % (dtype.__name__, name)
        if wanted(label):
            got = np.array([getattr(module, name)(dtype(v)) for v in x])
            error = ulps(got, getattr(np, name)(x.astype(exact_type)))
            record(label, error.max() <= 1.05, "%.3f ULP at %r" % (error.max(), float(x[int(np.argmax(error))])))


def check_complex():
    special = [0.0, -0.0, 1, -1, 0.5, -3, np.inf, -np.inf, 1e-320, 1e308, -1e308, 1e-160, 710]
    z = log_uniform(-3, 2) + 1j * log_uniform(-3, 2)
    w = np.roll(z, 1)
    grid = np.zeros(len(special) ** 2, np.complex128)
    grid.real = np.repeat(special, len(special))
    grid.imag = np.tile(special, len(special))
    finite = grid[np.isfinite(grid)]

    def compare(label, got, want, tolerance):
        assert got.dtype == want.dtype, (label, got.dtype, want.dtype)
        if want.dtype.kind == "c":
            kinds = same_kind(got.real, want.real) & same_kind(got.imag, want.imag)
        else:
            kinds = same_kind(got, want)
        both = np.isfinite(want) & (want != 0)
        relative = np.where(both, np.abs(got - want) / np.abs(np.where(both, want, 1)), 0).max() / np.finfo(want.dtype).eps
        record(label, bool(kinds.all()) and relative <= tolerance, "%.2f eps, %d kinds differ" % (relative, int((~kinds).sum())))

    for dtype in (np.complex128, np.complex64):
        v, u = z.astype(dtype), w.astype(dtype)
        for name in ("absolute", "angle", "sqrt", "log", "exp", "reciprocal", "sin", "cos", "sinh", "cosh"):
            label = "%s %s" % (dtype.__name__, name)
            if not wanted(label):
                continue
            args = v[np.abs(v) < 80] if name in ("exp", "sin", "cos", "sinh", "cosh") else v
            compare(label, getattr(kernels_complex, name)(args), getattr(np, name)(args), 4)
            if dtype == np.complex128 and name not in ("sin", "cos", "sinh", "cosh"):
                points = grid if name in ("absolute", "angle", "sqrt", "log", "exp") else finite
                if name == "exp":  # the sign of the zeros of exp(-inf + i inf) is unspecified in C99
                    points = points[~(np.isneginf(points.real) & ~np.isfinite(points.imag))]
                compare(label + " special", getattr(kernels_complex, name)(points), getattr(np, name)(points), 4)
        label = "%s divide" % dtype.__name__
        if wanted(label):
            compare(label, kernels_complex.divide(v, u), v / u, 0)
            a, b = np.repeat(grid.astype(dtype), len(grid)), np.tile(grid.astype(dtype), len(grid))
            compare(label + " special", kernels_complex.divide(a, b), a / b, 0)
        if wanted("%s power" % dtype.__name__):
            small = v[np.abs(v) < 3][:5000]
            for exponent in (0, 1, 2, 3, -1, 0.5, 1 + 0.5j):
                e = np.full(len(small), exponent, dtype)
                compare("%s power %s" % (dtype.__name__, exponent), kernels_complex.power(small, e), small**e, 40)


def check_real():
    for dtype in (np.float64, np.float32):
        x = np.concatenate((RNG.uniform(-9, 9, COUNT), log_uniform(-30, 30))).astype(dtype)
        y = np.concatenate((RNG.uniform(-3, 3, COUNT), log_uniform(-30, 30))).astype(dtype)
        a, b = [g.ravel() for g in np.meshgrid(edges(dtype), edges(dtype))]
        x, y = np.concatenate((x, a)), np.concatenate((y, b))
        for name in ("remainder", "floor_divide", "logaddexp", "logaddexp2"):
            if wanted(name):
                got, want = getattr(kernels_real, name)(x, y), getattr(np, name)(x, y)
                assert got.dtype == dtype
                ok = same_kind(got, want)
                close = np.where(np.isfinite(want), np.abs(got - want), 0)
                limit = 0 if name in ("remainder", "floor_divide") else 4 * np.finfo(dtype).eps * np.maximum(1, np.abs(np.where(np.isfinite(want), want, 0)))
                if name.startswith("logadd"):
                    ok |= want == 0
                record("%s %s" % (dtype.__name__, name), bool(ok.all() and (close <= limit).all()), "largest error %g" % close.max())
        for name in ("deg2rad", "rad2deg"):
            if wanted(name):
                got, want = getattr(kernels_real, name)(x), getattr(np, name)(x)
                ok = np.allclose(got, want, rtol=4 * np.finfo(dtype).eps, atol=0, equal_nan=True)
                record("%s %s" % (dtype.__name__, name), got.dtype == dtype and ok, "")


def main():
    check_kernels(kernels_f64, np.float64)
    check_kernels(kernels_f32, np.float32)
    check_large_angles(kernels_f64, np.float64)
    check_large_angles(kernels_f32, np.float32)
    check_complex()
    check_real()
    return report()


if __name__ == "__main__":
    sys.exit(main())
