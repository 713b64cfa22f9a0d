"""The loop forms give the same bits at every optimisation level, with every compiler and vector width, at every length.

    python bench/peers/bits.py

The FIR and the biquads must also equal the plain loops, which are the operations' definitions; lengths run over the
ends of blocks, groups and wavefronts. Prints what was compared and exits 1 on the first difference.
"""

import ctypes
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from run import FORMS, HERE, KERNELS, pointer

STRICT = ["-std=c99", "-ffp-contract=off"]
LENGTHS = [1, 2, 7, 8, 63, 64, 65, 111, 112, 113, 127, 129, 175, 176, 177, 600, 1000, 2048, 4095, 4159, 4160, 4161, 9001]


def build(directory, compiler, sources, flags, element):
    name = "_".join([compiler, *flags, element, Path(sources[0]).stem]).replace("=", "").replace("-", "")
    out = Path(directory) / f"{name}.so"
    command = [compiler, *STRICT, *flags, f"-DT={element}", "-I", str(HERE), "-shared", "-fPIC", "-o", str(out)]
    subprocess.run([*command, *[str(HERE / s) for s in sources], "-lm"], check=True)
    return ctypes.CDLL(str(out))


def outputs(library, dtype, taps, kernels=KERNELS):
    """{(kernel, length): output bytes}, over edge lengths."""
    rng = np.random.default_rng(5)
    found = {}
    for n in LENGTHS:
        x = rng.standard_normal(2 * n).astype(dtype)
        x[:: 7] = 0
        x[3 :: 11] *= -0.0
        call = {
            "fir8": (taps["fir8"], (n + 70) // 8),
            "biquads": (taps["biquads"], n),
            "fm_chain": (taps["fir8"], (n + 132) // 8),
        }
        for kernel, (h, count) in call.items():
            if kernel not in kernels:
                continue
            y = np.full(count + 1, 77, dtype)
            work = np.zeros(5 * n + 512, dtype)
            getattr(library, kernel)(pointer(x), n, pointer(h), pointer(y), *([pointer(work)] if kernel == "fm_chain" else []))
            assert y[-1] == 77, (kernel, n, "wrote past its end")
            found[kernel, n] = y.tobytes()
    if "fft1024" in kernels:
        x = rng.standard_normal((3, 2048)).astype(dtype)
        y = np.empty_like(x)
        library.fft1024(pointer(x), 3, pointer(y))
        found["fft1024", 3] = y.tobytes()
    return found


def main():
    sys.path.insert(0, str(HERE / "kernels"))
    import biquads
    import fir8

    variants = []
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            for level in ("-O0", "-O1", "-O2", "-O3"):
                variants.append((compiler, [level]))
            variants.append((compiler, ["-O3", "-march=native"]))
            variants.append((compiler, ["-O3", "-march=native", "-mprefer-vector-width=512"]))
    with tempfile.TemporaryDirectory() as directory:
        for element, dtype in (("float", np.float32), ("double", np.float64)):
            taps = {"fir8": fir8.TAPS.astype(dtype), "biquads": np.ascontiguousarray(biquads.SECTIONS, dtype)}
            plain = outputs(build(directory, "gcc", ["plain/plain.c"], ["-O0"], element), dtype, taps, ("fir8", "biquads"))
            for fma in ([], ["-DUSE_FMA"]):
                reference = None
                for compiler, flags in variants:
                    # without hardware fma the library's is exact too, only slow
                    got = outputs(build(directory, compiler, FORMS, flags + fma, element), dtype, taps)
                    reference = reference or got
                    for key, value in got.items():
                        if value != reference[key]:
                            sys.exit(f"{key} {element} {fma}: {compiler} {flags} differs from {variants[0]}")
                        if not fma and key in plain and value != plain[key]:
                            sys.exit(f"{key} {element}: {compiler} {flags} differs from the definition")
            print(f"{element}: {len(variants)} builds, {len(LENGTHS)} lengths, with and without fma: same bits")


if __name__ == "__main__":
    main()
