"""Speed of generated code beside what one would otherwise use: one table, every row checked against SciPy.

    python bench/peers/run.py [--kernel fir8] [--rounds 9] [--dtype float32]

Needs NumPy, SciPy and gcc; Numba, clang and the translator ($PROOFMARK or target/release/proofmark) add rows when present. The process pins itself to one
core. Rounds are interleaved (every row once a round, so drifts hit all alike) and a row's figure is the least process
CPU time it took. Ratios are SciPy's time over the row's in the same run: above 1 is faster than SciPy.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "kernels"))

KERNELS = ("fir8", "biquads", "fft1024", "fm_chain")
TITLES = {"fir8": "FIR 64, /8", "biquads": "8 biquads", "fft1024": "FFT 1024", "fm_chain": "FM chain"}
SIZES = {"fir8": 1_000_000, "biquads": 1_000_000, "fft1024": 1000, "fm_chain": 1_000_000}
STRICT = ["-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror"]
WIDE = ["-mprefer-vector-width=512"]
FORMS = ["forms/fir.c", "forms/biquads.c", "forms/fft.c", "forms/fm.c"]


class Data:
    """Input, parameters and reference of one kernel in one precision."""

    def __init__(self, kernel, dtype):
        module = __import__(kernel)
        self.kernel = kernel
        self.dtype = dtype
        self.x = module.make_input(SIZES[kernel], dtype)
        self.reference = getattr(module, kernel)
        self.expected = self.reference(self.x)
        wide = module.make_input(SIZES[kernel], np.float64)
        # the same input in float64 shows what rounding alone does to the reference
        self.exact = self.reference(self.x.astype(wide.dtype))
        taps = getattr(module, "TAPS", getattr(module, "SECTIONS", np.zeros(1)))
        self.taps = np.ascontiguousarray(taps, dtype)

    def output(self):
        return np.zeros_like(self.expected)

    def snr(self, y):
        """Signal over error against the float64 reference, dB."""
        error = np.linalg.norm((y - self.exact).ravel())
        return np.inf if error == 0 else 20 * np.log10(np.linalg.norm(self.exact.ravel()) / error)


def tuned_numpy(kernel, data):
    """The FM chain by somebody who knows NumPy: the phasor from a table, filters by np.convolve. None elsewhere."""
    if kernel != "fm_chain":
        return None
    x, h = data.x, data.taps
    phasor = np.resize(np.exp(-2j * np.pi * 0.125 * np.arange(8)).astype(x.dtype), len(x))
    kept = {}

    def run():
        from scipy.signal import upfirdn

        m = x * phasor
        b = np.empty(len(x) + 63, x.dtype)
        b.real = np.convolve(m.real, h)
        b.imag = np.convolve(m.imag, h)
        kept["y"] = upfirdn(h, np.angle(b[1:] * np.conj(b[:-1])), 1, 8)

    return run, kept


def pointer(a):
    return ctypes.c_void_p(a.ctypes.data)


def c_peer(library, kernel, data):
    """Calls the C function of peer.h."""
    out = data.output()
    n = ctypes.c_int(len(data.x))
    x, taps, y = pointer(data.x), pointer(data.taps), pointer(out)
    f = getattr(library, kernel)
    f.restype = None
    if kernel == "fft1024":
        return lambda: f(x, n, y), out
    if kernel == "fm_chain":
        work = np.zeros(5 * len(data.x) + 512, data.dtype)
        w = pointer(work)
        call = lambda: f(x, n, taps, y, w)  # noqa: E731
        call.keeps = work
        return call, out
    return lambda: f(x, n, taps, y), out


def translate(kernel, dtype, directory, flags):
    """Folder with the C that the translator makes of a kernel; None where it refuses or is absent."""
    program = os.environ.get("PROOFMARK", HERE.parents[1] / "target" / "release" / "proofmark")
    if not Path(program).exists():
        return None
    name = np.dtype(dtype).name
    project = Path(directory) / f"{kernel}_{name}"
    project.mkdir(exist_ok=True)
    source = project / f"{kernel}.py"
    source.write_bytes((HERE / "kernels" / source.name).read_bytes())
    bench = project / "bench.py"
    sizes = (2, 3, 5) if kernel == "fft1024" else (100, 1000, 4097)
    bench.write_text(
        f"import numpy as np\nfrom {kernel} import {kernel}, make_input\n"
        f"for n in {sizes}:\n    {kernel}(make_input(n, np.{name}))\n"
    )
    out = Path(directory) / f"out_{kernel}_{name}{''.join(flags)}"
    if out.exists():  # another compiler's row made it, or was refused
        return out if (out / "c").exists() else None
    command = [program, "translate", source, "--entry", kernel, "--bench", bench, "--target", "c", "--python", sys.executable, *flags, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"proofmark {kernel} {name}: {(done.stderr + done.stdout).strip()[:400]}", file=sys.stderr)
        return None
    return out


def translated(compiler, flags, dtype, directory):
    """Maker of rows that call generated C as its manifest says."""

    def maker(kernel, data):
        folder = translate(kernel, dtype, directory, flags)
        if folder is None:
            return None
        interface = json.loads((folder / "manifest.json").read_text())["entries"][0]["c"]
        shared = folder.with_suffix(f".{compiler}.so")
        command = [compiler, *STRICT, *WIDE, "-shared", "-fPIC", "-o", shared, *sorted((folder / "c").glob("*.c")), "-lm"]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            return None
        library = ctypes.CDLL(str(shared))
        n = ctypes.c_size_t(len(data.x))
        out, count, work = data.output(), ctypes.c_size_t(), None
        arguments = []
        for p in interface["parameters"]:
            if p["role"] == "length":
                arguments.append(n)
            elif p["role"] == "workspace":
                size = getattr(library, interface["workspace_size"])
                size.restype = ctypes.c_size_t
                lengths = [n] * sum(p["role"] == "length" for p in interface["parameters"])
                work = np.zeros(size(*lengths) + 64, np.uint8)
                arguments.append(ctypes.c_void_p((work.ctypes.data + 63) // 64 * 64))
            elif p["role"] == "in":
                arguments.append(pointer(data.x))
            elif p["role"] == "out":
                arguments.append(pointer(out))
            else:
                arguments.append(ctypes.byref(count))
        f = getattr(library, interface["function"])

        def call():
            status = f(*arguments)
            if status:
                sys.exit(f"proofmark {kernel}: status {status}")

        call.keeps = work
        return call, out

    return maker


def build(directory, compiler, sources, flags, dtype, name):
    """Compiles C peers; None where the compiler is absent."""
    out = Path(directory) / f"{name}_{np.dtype(dtype).name}.so"
    element = "float" if dtype == np.float32 else "double"
    command = [compiler, *flags, f"-DT={element}", *(["-DDOUBLE"] if element == "double" else []), "-I", str(HERE), "-shared", "-fPIC", "-o", str(out)]
    try:
        subprocess.run([*command, *[str(HERE / s) for s in sources], "-lm"], check=True)
    except FileNotFoundError:
        return None
    return ctypes.CDLL(str(out))


def rows(dtype, directory):
    """(label, maker) in table order; a maker takes (kernel, data) and gives (call, output) or None."""
    table = [("NumPy, tuned by hand", tuned_numpy)]
    try:
        import numba_peers

        table.append(("Numba", numba_peers.peers))
    except ImportError:
        table.append(("Numba", None))

    def c_row(label, compiler, sources, flags):
        name = "".join(c if c.isalnum() else "_" for c in label)
        library = build(directory, compiler, sources, flags, dtype, name)
        table.append((label, None if library is None else lambda k, d: c_peer(library, k, d)))

    for cc in ("gcc", "clang"):
        c_row(f"plain loops, {cc} -O3", cc, ["plain/plain.c"], STRICT)
    simd = ["-std=gnu11", "-O3", "-march=native", "-Wall", "-Wextra"]
    c_row("hand-written SIMD, no FMA", "gcc", ["simd/simd.c"], [*simd, "-ffp-contract=off"])
    c_row("hand-written SIMD, FMA", "gcc", ["simd/simd.c"], [*simd, "-ffp-contract=fast"])
    for cc in ("gcc", "clang"):
        c_row(f"loop forms, {cc} -O3", cc, FORMS, [*STRICT, *WIDE])
        c_row(f"loop forms with fma, {cc} -O3", cc, FORMS, [*STRICT, *WIDE, "-DUSE_FMA"])
    for cc in ("gcc", "clang"):
        table.append((f"proofmark c, {cc} -O3", translated(cc, [], dtype, directory)))
        table.append((f"proofmark c --fma, {cc} -O3", translated(cc, ["--fma"], dtype, directory)))
    return table


def measure(data, table, rounds, only=None):
    """{label: (ms, SNR dB) or None}, SciPy first."""
    calls = {"SciPy": (lambda: data.reference(data.x), data.expected)}
    for label, maker in table:
        made = maker(data.kernel, data) if maker else None
        if made:
            calls[label] = made
    results = {}
    for label, (call, out) in calls.items():
        call()
        y = out["y"] if isinstance(out, dict) else out
        snr = data.snr(y)
        floor = min(data.snr(data.expected) - 6, 200)
        if not (y.shape == data.expected.shape and snr >= floor):
            sys.exit(f"{label}: {data.kernel} {np.dtype(data.dtype).name} is wrong (SNR {snr:.1f} dB, SciPy {floor + 6:.1f} dB)")
        results[label] = [np.inf, snr, []]
    for _ in range(rounds):
        for label, (call, _) in calls.items():
            start = time.process_time_ns()
            call()
            spent = (time.process_time_ns() - start) * 1e-6
            results[label][0] = min(results[label][0], spent)
            results[label][2].append(spent)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", choices=KERNELS, action="append", help="only this kernel (may be repeated)")
    parser.add_argument("--dtype", choices=("float32", "float64"), action="append")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    kernels = options.kernel or KERNELS
    with tempfile.TemporaryDirectory() as directory:
        for name in options.dtype or ("float32", "float64"):
            dtype = np.dtype(name).type
            table = rows(dtype, directory)
            columns = {}
            for kernel in kernels:
                columns[kernel] = measure(Data(kernel, dtype), table, options.rounds)
            print(f"\n{name}: ratio to SciPy (signal to error, dB); SciPy in CPU ms\n")
            print("| |" + "".join(f" {TITLES[k]} |" for k in kernels))
            print("|---|" + "---|" * len(kernels))
            for label in ["SciPy"] + [label for label, _ in table]:
                cells = []
                for k in kernels:
                    r = columns[k].get(label)
                    if r is None:
                        cells.append("")
                    elif label == "SciPy":
                        cells.append(f"{r[0]:.3g} ms ({r[1]:.0f})")
                    else:
                        cells.append(f"{columns[k]['SciPy'][0] / r[0]:.3g} ({r[1]:.0f})")
                if any(cells):
                    print(f"| {label} | " + " | ".join(cells) + " |")
                else:
                    print(f"| {label} | not present |")


if __name__ == "__main__":
    main()
