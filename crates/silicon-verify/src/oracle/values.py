# First of the four parts of the oracle (values, state, recorder, server), sent to Python as one text.
# Here: Python values to and from the tagged JSON form of `proofmark_silicon::oracle::PyValue`.
import sys

PRELOADED = set(sys.modules)  # what any Python has loaded before it runs its first line

import ast
import base64
import enum
import functools
import math
import os
import re
import struct
import types

np = None  # numpy, bound by the server once it is known to be there and recent enough

# serde_json refuses more than 128 levels of nesting; deeper values are handed over as opaque.
MAX_JSON_DEPTH = 108
DTYPES = {}


class Refused(Exception):
    """A value or request this oracle will not guess about."""


class TooMuchRecorded(BaseException):
    """The recording outgrew its limit. Not an Exception: user code must not swallow it."""


def bind_numpy(module):
    global np
    np = module
    for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                 "float32", "float64", "complex64", "complex128"):
        dtype = np.dtype(name)
        DTYPES[(dtype.kind, dtype.itemsize)] = name


def dtype_name(dtype):
    """Our name of a plain dtype in any byte order, or None (float16, longdouble, structured, object, ...)."""
    if dtype.names is not None or dtype.subdtype is not None:
        return None
    return DTYPES.get((dtype.kind, dtype.itemsize))


def b64(data):
    return base64.b64encode(data).decode("ascii")


def float_bits(value):
    return struct.pack(">d", value).hex()


def clean(text):
    """Text that UTF-8 can carry (lone surrogates escaped)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Project:
    """Which files belong to the user's project, and what stands where in them."""

    def __init__(self, root, outside):
        self.root = os.path.realpath(root)
        # A virtual environment inside the project is not the project.
        self.outside = [os.path.realpath(p) for p in outside]
        self.names = {}
        self.lines = {}

    def relative(self, file):
        """Path relative to the root of a project file, else None."""
        if not file:
            return None
        if file not in self.names:
            self.names[file] = self._relative(file)
        return self.names[file]

    def _relative(self, file):
        if file.startswith("<"):
            return None
        path = os.path.realpath(file)
        if not within(path, self.root) or not os.path.isfile(path):
            return None
        # A root such as "/" or a prefix that encloses the project must not hide it.
        for place in self.outside:
            if within(path, place) and not within(self.root, place):
                return None
        name = os.path.relpath(path, self.root)
        parts = name.split(os.sep)
        return None if "site-packages" in parts or "dist-packages" in parts else name

    def module_file(self, name):
        return self.relative(getattr(sys.modules.get(name), "__file__", None))

    def definitions(self, file):
        """(qualname -> [(first line, line of def/class)]) of one project file."""
        if file not in self.lines:
            found = {}
            try:
                with open(os.path.join(self.root, file), "rb") as handle:
                    tree = ast.parse(handle.read())
            except (OSError, SyntaxError, ValueError):
                tree = ast.Module(body=[], type_ignores=[])

            def walk(node, prefix):
                for child in ast.iter_child_nodes(node):
                    inner = prefix
                    if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                        name = prefix + child.name
                        first = min([d.lineno for d in child.decorator_list] + [child.lineno])
                        found.setdefault(name, []).append((first, child.lineno))
                        inner = name + ("." if isinstance(child, ast.ClassDef) else ".<locals>.")
                    elif isinstance(child, ast.Lambda):
                        inner = prefix + "<lambda>.<locals>."
                    walk(child, inner)

            walk(tree, "")
            self.lines[file] = found
        return self.lines[file]

    def line_of(self, file, qualname, first):
        """Line of the `def` whose code object starts at `first` (its first decorator); lambdas stand as they are."""
        for start, line in self.definitions(file).get(qualname, ()):
            if start == first:
                return line
        return first

    def class_line(self, cls, file):
        places = self.definitions(file).get(cls.__qualname__, [])
        if len(places) > 1:
            # Defined more than once: the one that encloses this class's methods.
            firsts = [f.__code__.co_firstlineno for f in vars(cls).values() if isinstance(f, types.FunctionType)]
            if firsts:
                before = [p for p in places if p[1] <= min(firsts)]
                places = before or places
        return places[-1][1] if places else 0


def within(path, root):
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


class Wrappers:
    """What the oracle put in place of user and library functions: wrapper -> what it stands for."""

    def __init__(self):
        self.originals = {}
        self.libraries = {}

    def original(self, value):
        found = self.originals.get(id(value))
        return found[1] if found is not None and found[0] is value else value

    def library(self, value):
        found = self.libraries.get(id(value))
        return found[1] if found is not None and found[0] is value else None

    def add(self, wrapper, original):
        self.originals[id(wrapper)] = (wrapper, original)

    def add_library(self, wrapper, name):
        self.libraries[id(wrapper)] = (wrapper, name)


def resolve_library(name):
    """The object a dotted name imports to; raises Refused."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        module = ".".join(parts[:cut])
        try:
            __import__(module)
            value = sys.modules[module]
        except ImportError:
            continue
        try:
            for part in parts[cut:]:
                value = getattr(value, part)
            return value
        except AttributeError:
            continue
    raise Refused("no such library object: " + name)


def library_name(value):
    """A public dotted name under which `value` can be imported, or None. Loaded modules only."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str) or "<" in name:
        return None
    homes = []
    home = getattr(value, "__module__", None)
    owner = getattr(value, "__self__", None)
    if isinstance(owner, types.ModuleType):
        homes.append(owner.__name__)
    elif isinstance(owner, np.ufunc):  # np.add.reduce and its kin
        inner = library_name(owner)
        return inner + "." + value.__name__ if inner else None
    if isinstance(home, str):
        # The shortest public path that leads to the very object is its name: numpy.fft.fft, not numpy.fft._pocketfft.fft.
        parts = home.split(".")
        homes += [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
    if isinstance(value, np.ufunc):
        homes += ["numpy", "scipy.special"]
        name = value.__name__
    homes += ["numpy.random", "random", "builtins"]
    for module in homes:
        found = sys.modules.get(module)
        try:
            for part in name.split("."):
                found = getattr(found, part)
        except Exception:
            continue
        if found is value:
            return module + "." + name
    return None


HEAP_TYPE = 1 << 9
NOT_ATTRIBUTES = (types.FunctionType, property, staticmethod, classmethod, functools.cached_property,
                  types.MemberDescriptorType, types.GetSetDescriptorType)


class Encoder:
    """Values to JSON trees. `ids` number objects by first appearance and keep them alive, so that a number never
    means two objects; a *scope* (one field of an answer) is what `a second occurrence` of an Object refers to."""

    def __init__(self, project, wrappers, limit, first_handle=1):
        self.project = project
        self.wrappers = wrappers
        self.limit = limit
        self.size = 0
        self.ids = {}
        self.seen = set()
        self.open = set()
        self.first_handle = first_handle  # 0: give out no handles
        self.handles = []
        self.functions = {}

    def scope(self):
        self.seen = set()
        self.open = set()

    def ident(self, value):
        key = id(value)
        if key not in self.ids:
            self.ids[key] = (len(self.ids) + 1, value)
        return self.ids[key][0]

    def count(self, size):
        self.size += size + 24
        if self.size > self.limit:
            raise TooMuchRecorded()

    def pairs(self, items, depth):
        return [[clean(k), self.value(v, depth + 3)] for k, v in items]

    def values(self, items, depth):
        return [self.value(v, depth + 2) for v in items]

    def value(self, o, depth=8):
        if depth > MAX_JSON_DEPTH:
            return self.opaque(o)
        o = self.wrappers.original(o)
        self.count(0)
        if o is None:
            return {"t": "none"}
        if o is Ellipsis:
            return {"t": "ellipsis"}
        kind = type(o)
        if kind is bool:
            return {"t": "bool", "v": o}
        if isinstance(o, np.generic):
            return self.scalar(o)
        if isinstance(o, enum.Enum) and isinstance(o, str):
            # The member of a StrEnum or IntEnum computes as the text or integer it is.
            o, kind = str.__str__(o), str
        if kind is int or (isinstance(o, enum.Enum) and isinstance(o, int)):
            text = int.__repr__(o)
            self.count(len(text))
            return {"t": "int", "v": text}
        if kind is float:
            return {"t": "float", "v": float_bits(o)}
        if kind is complex:
            return {"t": "complex", "re": float_bits(o.real), "im": float_bits(o.imag)}
        if kind is str:
            self.count(len(o))
            return {"t": "str", "v": o} if clean(o) == o else self.opaque(o)
        if kind is bytes:
            self.count(len(o))
            return {"t": "bytes", "v": b64(o)}
        if kind is np.ndarray or kind is np.memmap:
            return self.array(o)
        if isinstance(o, tuple):
            names = getattr(kind, "_fields", None)
            if kind is tuple:
                return {"t": "tuple", "v": self.values(o, depth)}
            if isinstance(names, tuple) and len(names) == len(o) and all(isinstance(n, str) for n in names):
                return {"t": "tuple", "v": self.values(o, depth), "names": list(names)}
            return self.opaque(o)
        if kind is list:
            return self.container(o, lambda: {"t": "list", "v": self.values(o, depth), "id": self.ident(o)})
        if kind is dict:
            return self.container(o, lambda: {
                "t": "dict", "id": self.ident(o),
                "v": [[self.value(k, depth + 3), self.value(v, depth + 3)] for k, v in o.items()]})
        if kind is set or kind is frozenset:
            return self.container(o, lambda: {
                "t": "set", "v": self.values(in_order(o), depth), "id": self.ident(o) if kind is set else 0})
        if kind is slice:
            return {"t": "slice", "v": [self.value(x, depth + 2) for x in (o.start, o.stop, o.step)]}
        if kind is range:
            parts = [o.start, o.stop, o.step]
            return {"t": "range", "v": parts} if all(abs(x) < 2 ** 63 for x in parts) else self.opaque(o)
        if isinstance(o, np.dtype):
            name = dtype_name(o)
            return {"t": "dtype", "v": name} if name and o.isnative else self.opaque(o)
        if isinstance(o, types.ModuleType):
            return {"t": "module", "v": clean(o.__name__)}
        if isinstance(o, type):
            return self.klass(o, depth)
        return self.callable_or_object(o, kind, depth)

    def container(self, o, make):
        if id(o) in self.open:  # holds itself
            return self.opaque(o)
        self.open.add(id(o))
        try:
            return make()
        finally:
            self.open.discard(id(o))

    def scalar(self, o):
        name = dtype_name(o.dtype)
        if name is None:
            return self.opaque(o)
        return {"t": "scalar", "dtype": name, "data": b64(np.asarray(o).tobytes())}

    def array(self, o):
        name = dtype_name(o.dtype)
        if name is None:
            return self.opaque(o)
        self.count(o.nbytes)
        data = o if o.dtype.byteorder in "=|<" and sys.byteorder == "little" else o.astype(o.dtype.newbyteorder("<"))
        tree = {"t": "ndarray", "dtype": name, "shape": list(o.shape), "data": b64(data.tobytes()),
                "id": self.ident(o)}
        base = o
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        if base is not o:
            tree["base"] = self.ident(base)
        return tree

    def klass(self, o, depth):
        if issubclass(o, np.generic):
            name = dtype_name(np.dtype(o)) if o in np_scalar_types() else None
            if name:
                return {"t": "dtype", "v": name}
        file = self.project.module_file(o.__module__)
        if file is None:
            return self.library(o)
        again = id(o) in self.open
        self.open.add(id(o))
        try:
            bases = [b for b in o.__bases__ if b is not object]
            return {"t": "class", "module": o.__module__, "qualname": o.__qualname__, "file": file,
                    "line": self.project.class_line(o, file),
                    "bases": [] if again else self.values(bases, depth),
                    # Met again inside itself (a member, an attribute of its own type): attributes are given once.
                    "attrs": [] if again else self.pairs(class_attributes(o), depth)}
        finally:
            if not again:
                self.open.discard(id(o))

    def function(self, o, file, depth):
        code = o.__code__
        line = self.project.line_of(file, o.__qualname__, code.co_firstlineno)
        key = (o.__module__, o.__qualname__, line)
        known = self.functions.setdefault(key, [])
        if not any(f is o for f in known):
            known.append(o)
        tree = {"t": "function", "module": o.__module__, "qualname": o.__qualname__, "file": file, "line": line,
                "defaults": [], "kwdefaults": [], "closure": []}
        if id(o) in self.open:  # a function that closes over itself: its cells are given once
            return tree
        self.open.add(id(o))
        try:
            tree["defaults"] = self.values(o.__defaults__ or (), depth)
            tree["kwdefaults"] = self.pairs((o.__kwdefaults__ or {}).items(), depth)
            tree["closure"] = self.pairs(cells(o), depth)
        finally:
            self.open.discard(id(o))
        return tree

    def callable_or_object(self, o, kind, depth):
        if isinstance(o, types.FunctionType):
            file = self.project.relative(o.__code__.co_filename)
            return self.library(o) if file is None else self.function(o, file, depth)
        if type(o).__name__ == "_lru_cache_wrapper" and callable(getattr(o, "__wrapped__", None)):
            return self.value(o.__wrapped__, depth)
        if kind.__name__ == "CPUDispatcher" and kind.__module__.startswith("numba."):
            return self.value(o.py_func, depth)  # what Numba compiles is the Python function
        if kind is types.MethodType:
            func = self.wrappers.original(o.__func__)
            if isinstance(func, types.FunctionType) and self.project.relative(func.__code__.co_filename):
                return {"t": "method", "object": self.value(o.__self__, depth + 1),
                        "function": self.value(func, depth + 1)}
            return self.library(o)
        if isinstance(o, (types.BuiltinFunctionType, np.ufunc)) or kind.__name__ == "_ArrayFunctionDispatcher" \
                or self.wrappers.library(o):
            return self.library(o)
        if kind is types.SimpleNamespace:
            return self.object(o, {"t": "library", "v": "types.SimpleNamespace"}, depth)
        if self.project.module_file(kind.__module__) and plain_layout(kind):
            return self.object(o, None, depth)
        return self.opaque(o)

    def object(self, o, cls, depth):
        number = self.ident(o)
        if id(o) in self.seen:
            return {"t": "object", "class": cls or self.value(type(o), depth + 1), "id": number, "attrs": []}
        self.seen.add(id(o))
        return {"t": "object", "class": cls or self.value(type(o), depth + 1), "id": number,
                "attrs": self.pairs(instance_attributes(o), depth)}

    def library(self, o):
        name = self.wrappers.library(o) or library_name(o)
        return {"t": "library", "v": name} if name else self.opaque(o)

    def opaque(self, o):
        try:
            # Addresses differ from run to run.
            text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(o)[:2000])[:200]
        except Exception as error:
            text = "<repr raised %s>" % type(error).__name__
        handle = 0
        if self.first_handle:
            handle = self.first_handle + len(self.handles)
            self.handles.append(keep(o))
        return {"t": "opaque", "type_name": clean(type(o).__name__), "repr": clean(text), "handle": handle}


def np_scalar_types():
    return {np.dtype(name).type for name in DTYPES.values()}


def keep(o):
    """What a handle will stand for: the object as it is now, where it can be copied."""
    import copy
    try:
        return copy.deepcopy(o)
    except Exception:
        return o


def in_order(items):
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=lambda x: (type(x).__name__, repr(x)))


def cells(function):
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not yet bound
            continue


def class_attributes(cls):
    if issubclass(cls, enum.Enum):
        return list(cls.__members__.items())
    return [(k, v) for k, v in vars(cls).items()
            if not (k.startswith("__") and k.endswith("__")) and k != "_abc_impl" and not isinstance(v, NOT_ATTRIBUTES)]


def instance_attributes(o):
    if isinstance(o, enum.Enum):
        return [("_name_", o._name_), ("_value_", o._value_), ("name", o._name_), ("value", o._value_)]
    found = list(vars(o).items()) if hasattr(o, "__dict__") else []
    for cls in reversed(type(o).__mro__):
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            mangled = "_" + cls.__name__.lstrip("_") + name if name.startswith("__") and not name.endswith("__") else name
            try:
                found.append((mangled, object.__getattribute__(o, mangled)))
            except AttributeError:
                continue
    return [(k, v) for k, v in found if isinstance(k, str)]


def plain_layout(cls):
    """True when everything an instance holds is in its attributes: no built-in type (list, ndarray, ...) beneath."""
    return all(c is object or c.__flags__ & HEAP_TYPE for c in cls.__mro__) and not issubclass(cls, np.generic)


class Decoder:
    """JSON trees to values; one decoder for the arguments of one call, so that equal ids become one object."""

    def __init__(self, handle=None, functions=None, overlap=False):
        self.handle = handle
        self.overlap = overlap  # copies will do for arrays that shared memory
        self.functions = functions or {}
        self.memo = {}
        self.trees = {}

    def again(self, number, tree):
        """A number met before: values from different answers must not be taken for one object."""
        first = self.trees[number]
        if tree != first and not (tree["t"] == "object" and not tree["attrs"] and tree["class"] == first["class"]):
            raise Refused("the identity %d stands for two different values in one call" % number)
        return self.memo[number]

    def value(self, tree):
        return getattr(self, "take_" + tree["t"])(tree)

    def shared(self, tree, make, fill):
        number = tree.get("id", 0)
        if number and number in self.memo:
            return self.again(number, tree)
        made = make()
        if number:
            self.memo[number] = made
            self.trees[number] = tree
        fill(made)
        return made

    def take_none(self, tree):
        return None

    def take_ellipsis(self, tree):
        return Ellipsis

    def take_bool(self, tree):
        return tree["v"]

    def take_int(self, tree):
        return int(tree["v"])

    def take_float(self, tree):
        return struct.unpack(">d", bytes.fromhex(tree["v"]))[0]

    def take_complex(self, tree):
        re, im = (struct.unpack(">d", bytes.fromhex(tree[k]))[0] for k in ("re", "im"))
        return complex(re, im)

    def take_str(self, tree):
        return tree["v"]

    def take_bytes(self, tree):
        return base64.b64decode(tree["v"])

    def take_tuple(self, tree):
        items = [self.value(v) for v in tree["v"]]
        if tree.get("names"):
            import collections
            return collections.namedtuple("Result", tree["names"])(*items)
        return tuple(items)

    def take_list(self, tree):
        return self.shared(tree, list, lambda made: made.extend(self.value(v) for v in tree["v"]))

    def take_dict(self, tree):
        return self.shared(tree, dict, lambda made: made.update((self.value(k), self.value(v)) for k, v in tree["v"]))

    def take_set(self, tree):
        if not tree.get("id", 0):
            return frozenset(self.value(v) for v in tree["v"])
        return self.shared(tree, set, lambda made: made.update(self.value(v) for v in tree["v"]))

    def take_slice(self, tree):
        return slice(*[self.value(v) for v in tree["v"]])

    def take_range(self, tree):
        return range(*tree["v"])

    def take_ndarray(self, tree):
        number, base = tree.get("id", 0), tree.get("base", 0)
        if number and number in self.memo:
            return self.again(number, tree)
        for other in (base, -base) if base else (-number,) if number else ():
            if other in self.memo and not self.overlap:
                raise Refused("two arrays of one call share memory in a way their values do not tell (base %d)"
                              % abs(other))
        dtype = np.dtype(tree["dtype"]).newbyteorder("<")
        made = np.frombuffer(base64.b64decode(tree["data"]), dtype).astype(dtype.newbyteorder("=")).reshape(tree["shape"])
        if number:
            self.memo[number] = made
            self.trees[number] = tree
        if base:
            self.memo[-base] = made
        return made

    def take_scalar(self, tree):
        dtype = np.dtype(tree["dtype"]).newbyteorder("<")
        return np.frombuffer(base64.b64decode(tree["data"]), dtype).astype(dtype.newbyteorder("="))[0]

    def take_dtype(self, tree):
        return np.dtype(tree["v"])

    def take_module(self, tree):
        try:
            __import__(tree["v"])
        except ImportError as error:
            raise Refused(str(error))
        return sys.modules[tree["v"]]

    def take_library(self, tree):
        return resolve_library(tree["v"])

    def take_function(self, tree):
        known = self.functions.get((tree["module"], tree["qualname"], tree["line"]), [])
        if len(known) == 1:
            return known[0]
        if known:
            raise Refused("several functions are called %s in %s" % (tree["qualname"], tree["module"]))
        return self.walk(tree)

    def take_class(self, tree):
        return self.walk(tree)

    def walk(self, tree):
        found = sys.modules.get(tree["module"])
        for part in tree["qualname"].split("."):
            found = getattr(found, part, None)
        if found is None:
            raise Refused("%s.%s cannot be found again" % (tree["module"], tree["qualname"]))
        return found

    def take_method(self, tree):
        return types.MethodType(self.value(tree["function"]), self.value(tree["object"]))

    def take_object(self, tree):
        cls = self.value(tree["class"])
        if cls is types.SimpleNamespace:
            return self.shared(tree, cls, lambda made: self.fill(made, tree))
        if isinstance(cls, type) and issubclass(cls, enum.Enum):
            return cls[dict((k, self.value(v)) for k, v in tree["attrs"])["_name_"]]
        return self.shared(tree, lambda: object.__new__(cls), lambda made: self.fill(made, tree))

    def fill(self, made, tree):
        for name, value in tree["attrs"]:
            object.__setattr__(made, name, self.value(value))

    def take_opaque(self, tree):
        if self.handle is None:
            raise Refused("an opaque %s cannot be handed over here" % tree["type_name"])
        return self.handle(tree)


def exception_tree(error, project):
    """`PyException` of an exception: only frames of the project, innermost last."""
    trace = []
    step = error.__traceback__
    while step is not None:
        file = project.relative(step.tb_frame.f_code.co_filename) if project else None
        if file is not None:
            trace.append([file, step.tb_lineno])
        step = step.tb_next
    if isinstance(error, SyntaxError) and project and project.relative(error.filename):
        trace.append([project.relative(error.filename), error.lineno or 0])
    try:
        message = str(error)
    except Exception:
        message = "<str raised>"
    return {"type_name": type(error).__name__, "message": clean(message)[:4000], "trace": trace}
