"""Runs a bench and times every outermost call of the entry. Arguments: source, bench, entry."""

import ast
import importlib.util
import json
import os
import runpy
import sys
import time

source, bench, entry = sys.argv[1:4]
root = os.getcwd()
sys.path.insert(0, root)
sys.path.insert(0, os.path.join(root, os.path.dirname(bench)))
times = []
depth = 0


def _pm_time(name):
    """Marks a function: timed when called from outside, silent (constructors) without a name."""

    def wrap(function):
        def call(*args, **kwargs):
            global depth
            depth += 1
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - begin
                depth -= 1
                if depth == 0 and name is not None:
                    times.append((name, spent))

        return call

    return wrap


def mark(node, name):
    node.decorator_list.insert(0, ast.parse("_pm_time(%r)" % (name,), mode="eval").body)


tree = ast.parse(open(source).read(), source)
outer, _, member = entry.partition(".")
for node in tree.body:
    if isinstance(node, ast.FunctionDef) and node.name == outer:
        mark(node, outer)
    if isinstance(node, ast.ClassDef) and node.name == outer:
        for method in node.body:
            if not isinstance(method, ast.FunctionDef) or method.decorator_list:
                continue
            if method.name.startswith("__") and method.name != "__call__":
                mark(method, None)
            elif not member or method.name == member:
                mark(method, method.name)
ast.fix_missing_locations(tree)
code = compile(tree, source, "exec")


class Loader:
    """Gives the marked source to whoever imports it."""

    def find_spec(self, name, path=None, target=None):
        for folder in path or sys.path:
            file = os.path.join(folder or root, name.rpartition(".")[2] + ".py")
            if os.path.abspath(file) == os.path.abspath(source):
                return importlib.util.spec_from_file_location(name, os.path.abspath(source), loader=self)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module._pm_time = _pm_time
        exec(code, module.__dict__)


sys.meta_path.insert(0, Loader())
sys.argv = [bench]
out, sys.stdout = sys.stdout, open(os.devnull, "w")
if os.path.abspath(source) == os.path.abspath(bench):
    exec(code, {"__name__": "__main__", "__file__": bench, "_pm_time": _pm_time})
else:
    runpy.run_path(bench, run_name="__main__")
out.write("PMTIMES" + json.dumps(times) + "\n")
out.flush()
