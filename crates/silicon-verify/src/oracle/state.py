# Second part of the oracle: the attributes of recorded objects, as calls leave them and as the bench changes them
# between two calls.
import hashlib

# What looking at attributes may cost in all, in bytes read; past it they are not recorded. Counted, not timed, so that
# two recordings agree.
STATE_WORK = 4 << 30
ATTRIBUTE_WORK = 1000
DEEPEST_OBJECT = 6


class Gone:
    """Stands for an attribute that was deleted."""


GONE = Gone()


class Anonymous(Encoder):
    """Encodes values that nobody asks the identity of, without keeping them alive."""

    def __init__(self, project, wrappers, limit):
        super().__init__(project, wrappers, limit, 0)

    def ident(self, value):
        return 0

    def value(self, o, depth=8):
        if o is GONE:
            return {"t": "opaque", "type_name": "<deleted>", "repr": "", "handle": 0}
        return super().value(o, depth)


class Attributes:
    """Looks into objects without running any code of theirs."""

    def __init__(self, project):
        self.project = project
        self.kinds = {}

    def holds(self, o):
        """Whether `o` is an object whose attributes are looked at one by one."""
        kind = type(o)
        if kind not in self.kinds:
            ours = kind is types.SimpleNamespace or (
                self.project.module_file(kind.__module__) is not None and plain_layout(kind))
            self.kinds[kind] = ours and not issubclass(kind, (enum.Enum, type))
        return self.kinds[kind]

    def all(self, o, prefix="", path=()):
        """(dotted name, value) of every attribute; those of objects in attributes in their place."""
        path += (id(o),)
        for name, value in instance_attributes(o):
            if self.holds(value) and id(value) not in path and len(path) < DEEPEST_OBJECT:
                yield from self.all(value, prefix + name + ".", path)
            else:
                yield prefix + name, value

    def find(self, o, path):
        """The attribute of that dotted name, or GONE; a class gives what its object does not have."""
        for part in path.split("."):
            attributes = dict(instance_attributes(o))
            if part in attributes:
                o = attributes[part]
                continue
            for cls in type(o).__mro__:
                if part in vars(cls) and not isinstance(vars(cls)[part], NOT_ATTRIBUTES):
                    o = vars(cls)[part]
                    break
            else:
                return GONE
        return o

    def mark(self, value):
        """(digest of everything a value holds, bytes read)."""
        seen = hashlib.blake2b(digest_size=16)
        work = self.feed(seen, value, ())
        return seen.digest(), work

    def feed(self, seen, o, path):
        kind = type(o)
        seen.update(kind.__name__.encode("utf-8", "replace") + b"\0")
        if kind in (bool, int, float, complex, str, bytes, type(None), slice, range):
            text = repr(o).encode("utf-8", "backslashreplace")
            seen.update(b"%d\0" % len(text) + text)
            return len(text)
        if isinstance(o, (np.ndarray, np.generic)):
            seen.update(repr((o.dtype, o.shape)).encode("ascii", "replace"))
            if o.dtype.hasobject:
                return sum(self.feed(seen, item, path + (id(o),)) for item in np.asarray(o).ravel().tolist()[:10000])
            seen.update(np.ascontiguousarray(o).reshape(-1).view(np.uint8).data)
            return o.nbytes
        if id(o) in path or len(path) > 40:
            return 0
        path += (id(o),)
        if isinstance(o, (tuple, list)):
            seen.update(b"%d\0" % len(o))
            return 16 * len(o) + sum(self.feed(seen, item, path) for item in o)
        if kind is dict:
            seen.update(b"%d\0" % len(o))
            return 32 * len(o) + sum(self.feed(seen, k, path) + self.feed(seen, v, path) for k, v in o.items())
        if kind in (set, frozenset):
            return sum(self.feed(seen, item, path) for item in in_order(o))
        if self.holds(o):
            return sum(self.feed(seen, k, path) + self.feed(seen, v, path) for k, v in instance_attributes(o))
        seen.update(b"%d" % id(o))
        return 8


class StateLog:
    """What changes in the attributes of recorded objects, call by call."""

    def __init__(self, project, wrappers, limit):
        self.attributes = Attributes(project)
        self.encoder = Anonymous(project, wrappers, limit // 4)
        self.work = STATE_WORK
        self.marks = {}
        self.on = True

    def look(self, o):
        marks = {}
        for path, value in self.attributes.all(o):
            digest, work = self.attributes.mark(value)
            marks[path] = (digest, value)
            self.work -= work + ATTRIBUTE_WORK
            if self.work < 0:
                self.on = False
                self.marks.clear()
                return None
        return marks

    def start(self, instance, o):
        """The object as it is before its first call."""
        if self.on:
            self.marks[instance] = self.look(o)

    def changes(self, instance, o):
        """[(dotted name, value)] of what is not as it was when last looked at; None: it is not known any more."""
        if not self.on:
            return None
        now, before = self.look(o), self.marks.get(instance)
        if now is None or before is None:
            return None
        self.marks[instance] = now
        changed = [(p, v) for p, (d, v) in now.items() if p not in before or before[p][0] != d]
        return changed + [(p, GONE) for p in before if p not in now]

    def encoded(self, changes):
        """The changes as trees, or None where they have become too many."""
        if changes is None or not self.on:
            return None
        try:
            trees = []
            for path, value in changes:
                self.encoder.scope()
                trees.append([clean(path), self.encoder.value(value)])
            return trees
        except TooMuchRecorded:
            self.on = False
            self.marks.clear()
            return None

    def shares(self, instance, path, value):
        """The name of another attribute whose array lies in the same memory, if there is one."""
        if not isinstance(value, np.ndarray):
            return None
        for other, (_, held) in self.marks[instance].items():
            if other != path and isinstance(held, np.ndarray) and np.may_share_memory(held, value):
                return other
        return None


REPLAYED = {"none", "bool", "int", "float", "complex", "str", "scalar", "ndarray"}


def replayed(tree):
    """Whether a value can be given to the translated program between two calls."""
    if tree["t"] in ("list", "tuple"):
        return all(replayed(v) for v in tree["v"])
    return tree["t"] in REPLAYED


class Outside:
    """What the bench does to objects between two calls: which of it concerns the program, and where it stands."""

    def __init__(self, project, source, bench):
        self.project = project
        self.source = source
        self.bench = bench
        self.trees = {}
        self.names = {}

    def tree(self, file):
        if file not in self.trees:
            try:
                with open(os.path.join(self.project.root, file), "rb") as handle:
                    self.trees[file] = ast.parse(handle.read())
            except (OSError, SyntaxError, ValueError):
                self.trees[file] = ast.Module(body=[], type_ignores=[])
        return self.trees[file]

    def read(self, path):
        """Whether some function of the program reads an attribute of that name; the bench does not count."""
        name = path.rpartition(".")[2]
        plain = re.sub(r"^_\w+?__", "__", name)
        for module in list(sys.modules.values()):
            file = self.project.relative(getattr(module, "__file__", None))
            if file is None or (file == self.bench and file != self.source):
                continue
            if file not in self.names:
                self.names[file] = set()
                for node in ast.walk(self.tree(file)):
                    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                        self.names[file].update(reads(node))
            if name in self.names[file] or plain in self.names[file]:
                return True
        return False

    def place(self, path):
        """[file, line, whether the line is that of the assignment (or that of the next call)]."""
        name, frame = path.rpartition(".")[2], sys._getframe(1)
        while frame is not None and self.project.relative(frame.f_code.co_filename) is None:
            frame = frame.f_back
        if frame is None:
            return [self.bench, 0, False]
        file = self.project.relative(frame.f_code.co_filename)
        lines = set()
        for node in ast.walk(self.tree(file)):
            if isinstance(node, (ast.Assign, ast.Delete)):
                targets = node.targets
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
                targets = [node.target]
            else:
                continue
            if any(sets(target, name) for target in targets):
                lines.add(node.lineno)
        return [file, lines.pop(), True] if len(lines) == 1 else [file, frame.f_lineno, False]


def sets(target, name):
    """Whether an assignment's target is that attribute, or an item of it, of something that is not `self`."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return any(sets(part, name) for part in target.elts)
    while isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Attribute) or target.attr != name:
        return False
    while isinstance(target, (ast.Attribute, ast.Subscript)):
        target = target.value
    return not (isinstance(target, ast.Name) and target.id == "self")


def reads(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            yield node.target.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value  # getattr(self, "name")


def assignment(path):
    """A function that puts a value in that place of an object."""
    *owners, name = path.split(".")

    def assign(target, value):
        for part in owners:
            target = getattr(target, part)
        object.__setattr__(target, name, value)

    return assign
