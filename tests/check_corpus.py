"""Check the translator's corpus against the reference interpreter.

Usage: python tests/check_corpus.py [NAME_PART...]

A file of tests/run starts with a sentence that says what it exercises and three lines:
  # family: NAME      one of KERNELS or LANGUAGE below
  # entry: NAME       a function, a class whose methods are the entries, or script:VAR,VAR (no __main__ block)
  # compare: derived  within the tolerance derived from types and operation counts; or `exact`: the same bits, where
                      every NaN equals every other (sign and payload of a NaN are the machine's, not the program's)
The `__main__` block is the bench: its calls define types, shapes and vectors. An exception it catches is the
recorded outcome of that call. A file of tests/diagnostics has `expect`, `about`, `line` (where the diagnostic must
point) and `entry`; `refused` means no output, `reported` means that output may be made but the diagnostic must be there.

Every file of tests/run is run twice, in fresh processes with different hash seeds. It must carry a
valid header, print nothing, finish within LIMIT_S seconds (imports excluded), call its entry, have an
observable effect (a result, a changed argument or changed state) and give the same bytes both times.
Files of tests/diagnostics must have a valid header that names a real line; `syntax-error` files must
not parse, the others must; `bench-raises` files must raise, and `refused` and `reported` ones must run, so
that a refusal is never owed to a broken program. Exit status 1 on any problem.
"""

import ast
import collections
import hashlib
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import types
import warnings

ROOT = pathlib.Path(__file__).resolve().parent
LIMIT_S = 0.3
KERNELS = """fir polyphase-resample fft-windows nco-mixer ddc-duc cic biquad analog-modulation cordic correlation
timing-recovery costas-pll agc frame-sync qam rrc ofdm adaptive convolutional-viterbi ldpc-polar crc-scrambler
channelizer radar cfar beamforming-kalman""".split()
LANGUAGE = """indexing aliasing promotion integers control-flow functions classes lists strings-modes reductions
sorting linalg math nan-rules errors streaming""".split()
EXPECT = {"refused", "reported", "syntax-error", "bench-raises", "bench-never-calls", "bench-hangs", "bench-prints"}


def header(path, keys):
    """The first comment and the `# key: value` lines under it; raises ValueError when they are not as stated."""
    lines = path.read_text().splitlines()
    found = {}
    start = 0
    if "family" in keys:
        if not re.fullmatch(r"# \S.*\.", lines[0]):
            raise ValueError("line 1 is not a sentence in a comment")
        start = 1
    for key, line in zip(keys, lines[start:]):
        m = re.fullmatch(rf"# {key}: (\S.*)", line)
        if m is None:
            raise ValueError(f"expected `# {key}: ...`, found {line!r}")
        found[key] = m.group(1)
    return found


def is_main_block(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def digest(value, seen=None):
    """A canonical text of a value: types, shapes and bits, so that 1 and 1.0, or 0.0 and -0.0, differ."""
    import numpy as np

    seen = seen or ()
    if id(value) in seen:
        return "cycle"
    seen = (*seen, id(value))
    if isinstance(value, np.ndarray):
        data = value.tobytes() if value.dtype != object else repr(value.tolist()).encode()
        return f"array {value.dtype} {value.shape} {hashlib.sha256(data).hexdigest()}"
    if isinstance(value, np.generic):
        return f"numpy {value.dtype} {value.tobytes().hex()}"
    if isinstance(value, float):
        return f"float {value.hex()} {str(value)}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(digest(v, seen) for v in value)})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{k!r}: {digest(v, seen)}' for k, v in value.items())})"
    if isinstance(value, (types.FunctionType, types.MethodType, type)):
        return f"callable {value.__name__}"
    if hasattr(value, "__dict__"):
        return f"{type(value).__name__} {digest(vars(value), seen)}"
    return f"{type(value).__name__} {value!r}"


class Recorder:
    """Wraps an entry and keeps what every outermost call changed or gave."""

    def __init__(self):
        self.calls, self.effects, self.depth = [], 0, 0

    def wrap(self, function, is_init=False):
        def recorded(*args, **kwargs):
            if self.depth:
                return function(*args, **kwargs)
            before = digest([args, kwargs]) if not is_init else ""
            self.depth += 1
            try:
                result = function(*args, **kwargs)
                outcome = digest(result)
            except Exception as error:  # an exception is an outcome of the call, recorded as such
                result, outcome = error, f"raised {type(error).__name__}: {error}"
                raise
            finally:
                self.depth -= 1
                after = digest([args, kwargs])
                self.calls.append((outcome, after))
                if not is_init:
                    self.effects += result is not None or after != before
            return result

        return recorded

    def wrap_class(self, cls):
        for name in dir(cls):
            found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
            if isinstance(found, types.FunctionType):
                setattr(cls, name, self.wrap(found, name == "__init__"))
            elif isinstance(found, property):
                setter = self.wrap(found.fset) if found.fset else None
                setattr(cls, name, property(self.wrap(found.fget), setter))


def run_one(path):
    """Run one program; the answer is {problem} or {seconds, digest}."""
    entry = header(path, ["family", "entry", "compare"])["entry"]
    tree = ast.parse(path.read_text())
    mains = [n for n in tree.body if is_main_block(n)]
    script = entry.startswith("script:")
    if script == bool(mains):
        return {"problem": "a script has no __main__ block, every other file has one"}
    space = {"__name__": "__main__" if script else "corpus_case"}
    body = [n for n in tree.body if n not in mains]
    recorder = Recorder()
    began = time.perf_counter()
    exec(compile(ast.Module(body, []), str(path), "exec"), space)
    if script:
        recorder.calls = [(v, digest(space[v])) for v in entry.removeprefix("script:").split(",")]
        recorder.effects = len(recorder.calls)
    else:
        target = space[entry]
        if isinstance(target, type):
            recorder.wrap_class(target)
        else:
            space[entry] = recorder.wrap(target)
        exec(compile(ast.Module(mains[0].body, []), str(path), "exec"), space)
    seconds = time.perf_counter() - began
    if not recorder.calls:
        return {"problem": f"the bench never calls {entry}"}
    if not recorder.effects:
        return {"problem": f"no call of {entry} has an observable effect"}
    return {"seconds": seconds, "digest": hashlib.sha256(repr(recorder.calls).encode()).hexdigest()}


def run_diagnostic(path, expect):
    """Run a program of tests/diagnostics and say whether it raises where it should and only there."""
    warnings.simplefilter("ignore")
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})
    except Exception as error:
        if expect == "bench-raises" or (isinstance(error, ImportError) and error.name == "matplotlib"):
            return {}
        return {"problem": f"CPython raises {type(error).__name__}: {error}"}
    return {"problem": "ran to its end"} if expect == "bench-raises" else {}


def isolated(work, *args, may_print=False):
    """The answer of `work(*args)` from a forked child; what the child prints is a problem unless it `may_print`."""
    read, write = os.pipe()
    out_read, out_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(out_write, 1)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        try:
            answer = work(*args)
        except BaseException as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        sys.stdout.flush()
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    os.close(out_write)
    with os.fdopen(read, "rb") as pipe, os.fdopen(out_read, "rb") as out:
        answer, printed = pipe.read(), out.read()
    os.waitpid(pid, 0)
    if printed and not may_print:
        return {"problem": f"prints {printed[:40]!r}"}
    return json.loads(answer) if answer else {"problem": "the process died"}


def worker(names):
    """Run the named files of tests/run, one forked child each, and write their answers as JSON."""
    for module in ("numpy", "scipy.signal", "scipy.linalg", "scipy.fft", "scipy.special"):
        importlib.import_module(module)
    warnings.simplefilter("ignore")
    json.dump({n: isolated(run_one, ROOT / "run" / n) for n in names}, sys.stdout)


def check_run_header(path):
    found = header(path, ["family", "entry", "compare"])
    if found["family"] not in KERNELS + LANGUAGE:
        raise ValueError(f"unknown family {found['family']}")
    if found["compare"] not in ("derived", "exact"):
        raise ValueError("compare is neither derived nor exact")
    return found["family"]


def check_diagnostic(path):
    found = header(path, ["expect", "about", "line", "entry"])
    if found["expect"] not in EXPECT:
        raise ValueError(f"unknown expectation {found['expect']}")
    source = path.read_text()
    line = source.splitlines()[int(found["line"]) - 1].strip()
    if not line or line.startswith("#"):
        raise ValueError(f"line {found['line']} holds no code")
    try:
        ast.parse(source)
        parses = True
    except SyntaxError:
        parses = False
    if parses == (found["expect"] == "syntax-error"):
        raise ValueError("parses" if parses else "does not parse")
    if found["expect"] in ("bench-raises", "refused", "reported"):
        answer = isolated(run_diagnostic, path, found["expect"], may_print=True)
        if "problem" in answer:
            raise ValueError(answer["problem"])
    return found["expect"]


def main(parts):
    os.environ["MPLBACKEND"] = "Agg"
    problems, families, expectations, names = [], collections.Counter(), collections.Counter(), []
    for path in sorted((ROOT / "run").glob("*.py")):
        if parts and not any(p in path.name for p in parts):
            continue
        try:
            families[check_run_header(path)] += 1
            names.append(path.name)
        except (ValueError, IndexError) as error:
            problems.append((path.name, str(error)))
    for path in sorted((ROOT / "diagnostics").glob("*.py")):
        if parts and not any(p in path.name for p in parts):
            continue
        try:
            expectations[check_diagnostic(path)] += 1
        except (ValueError, IndexError) as error:
            problems.append((path.name, str(error)))
    answers = []
    for seed in ("1", "2"):
        env = dict(os.environ, PYTHONHASHSEED=seed, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
        done = subprocess.run([sys.executable, __file__, "--worker", *names], env=env, stdout=subprocess.PIPE, check=True)
        answers.append(json.loads(done.stdout))
    for name in names:
        first, second = answers[0][name], answers[1][name]
        problem = first.get("problem") or second.get("problem")
        if problem is None and first["digest"] != second["digest"]:
            problem = "two runs differ"
        if problem is None and min(first["seconds"], second["seconds"]) > LIMIT_S:
            problem = f"takes {first['seconds']:.2f} s"
        if problem:
            problems.append((name, problem))
    for title, group in (("kernel family", KERNELS), ("language family", LANGUAGE)):
        print(f"{title:24s} files")
        for family in group:
            print(f"  {family:22s} {families[family]:5d}")
    print(f"programs {len(names)}, diagnostics {sum(expectations.values())} {dict(expectations)}")
    for name, problem in problems:
        print(f"PROBLEM {name}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
