# Third part of the oracle: runs the user's bench and records what the entry was given and gave back.
import inspect
import importlib.machinery
import importlib.util
import json
import random
import resource
import signal


class Denied(PermissionError):
    """The user's code asked for something the sandbox does not give."""

    def __init__(self, action, target):
        super().__init__("the sandbox does not allow to %s: %s" % (action, target))
        self.action = action
        self.target = target


class EntryMissing(Exception):
    def __init__(self, name, candidates):
        super().__init__("no entry " + name)
        self.name = name
        self.candidates = candidates


# ---- what user code may do --------------------------------------------------------------------------------------

GUARD = {"on": False}
STARTS_PROCESS = ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen",
                  "pty.spawn")


def install_guard(readable, writable):
    """Refuses, with a name for it, what the sandbox would make fail in some obscure way. The sandbox proper is the
    operating system's; this only explains it."""
    readable = [os.path.realpath(p) for p in readable]
    writable = [os.path.realpath(p) for p in writable]
    fixed = [p for p in readable if p not in writable]  # may well lie below /tmp

    def path_of(value):
        try:
            return os.path.realpath(os.fsdecode(value))
        except (TypeError, ValueError):
            return None

    def hook(event, args):
        if not GUARD["on"]:
            return
        if event == "open":
            path = None if isinstance(args[0], int) else path_of(args[0])
            if path is None:
                return
            mode, flags = args[1], args[2] or 0
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))
            if writes:
                if any(within(path, p) for p in fixed) or not any(within(path, p) for p in writable):
                    raise Denied("write a file", path)
            elif not any(within(path, p) for p in readable):
                raise Denied("read a file outside the project", path)
        elif event in ("os.listdir", "os.scandir"):
            path = path_of("." if args[0] is None else args[0])
            if path is not None and not any(within(path, p) for p in readable):
                raise Denied("list a folder outside the project", path)
        elif event in STARTS_PROCESS:
            raise Denied("start a process", event)
        elif event.startswith("socket.") and event != "socket.gethostname":
            if event == "socket.__new__" and args[1] == 1:  # AF_UNIX pairs inside the process
                return
            raise Denied("open a socket", event)

    sys.addaudithook(hook)


class Trusted:
    """While this is held, the oracle's own code runs and the guard looks away."""

    def __enter__(self):
        self.was = GUARD["on"]
        GUARD["on"] = False

    def __exit__(self, *_):
        GUARD["on"] = self.was


def denial(error, allowed):
    """The Denied an exception comes from, if any. A missing file outside of what may be read counts: it may well exist
    outside the sandbox."""
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Denied):
            return error
        if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
            path = os.path.realpath(error.filename)
            if not any(within(path, place) for place in allowed):
                return Denied("read a file outside the project", path)
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


# ---- plotting -----------------------------------------------------------------------------------------------------

class Inert:
    """Stands for every object of an absent matplotlib: takes any use, does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()

    def __call__(self, *args, **kwargs):
        return Inert()

    def __getitem__(self, key):
        return Inert()

    def __setitem__(self, key, value):
        pass

    def __iter__(self):  # `line, = ax.plot(...)`
        return iter([Inert()])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def inert_subplots(nrows=1, ncols=1, *args, **kwargs):
    axes = np.empty((nrows, ncols), object)
    for index in np.ndindex(nrows, ncols):
        axes[index] = Inert()
    if not kwargs.get("squeeze", True):
        return Inert(), axes
    return Inert(), axes[0, 0] if axes.size == 1 else axes.squeeze()


def inert_histogram(x, bins=10, range=None, density=False, *args, **kwargs):
    counts, edges = np.histogram(x, bins, range, density)
    return counts, edges, Inert()


class InertModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return {"subplots": inert_subplots, "hist": inert_histogram}.get(name, Inert())


class InertFinder:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in ("matplotlib", "mpl_toolkits"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return InertModule(spec.name)

    def exec_module(self, module):
        pass


def quiet_plots(module):
    """Figures are not wanted from a recorded run, and the project folder cannot be written to."""
    if module.__name__ == "matplotlib.figure":
        module.Figure.savefig = lambda self, *args, **kwargs: None
    if module.__name__ == "matplotlib.pyplot":
        module.show = lambda *args, **kwargs: None
        module.pause = lambda *args, **kwargs: None


# ---- random draws -------------------------------------------------------------------------------------------------

NOT_DRAWS = {"seed", "get_state", "set_state", "getstate", "setstate", "spawn", "bit_generator"}


class Draws:
    """Logs what the generators of numpy.random and random give while a call is being recorded. For draws that work
    in place (`shuffle`) the value logged is the argument afterwards. Generators the user leaves unseeded get seeds of
    ours, so that two recordings agree."""

    def __init__(self, wrappers, log):
        self.wrappers = wrappers
        self.log = log
        self.inside = False
        self.unseeded = 0

    def seed(self):
        self.unseeded += 1
        return self.unseeded

    def seeded(self, call, place):
        """`call` with a seed where argument number `place` (the seed) is left out or None."""
        @functools.wraps(call)
        def seeding(*args, **kwargs):
            if not kwargs and (len(args) == place or (len(args) == place + 1 and args[place] is None)):
                args = args[:place] + (self.seed(),)
            return call(*args, **kwargs)
        return seeding

    def logged(self, name, call):
        @functools.wraps(call)
        def draw(*args, **kwargs):
            if self.inside:
                return call(*args, **kwargs)
            self.inside = True
            try:
                result = call(*args, **kwargs)
            finally:
                self.inside = False
            in_place = name.endswith(".shuffle")
            self.log(name, (args[-1] if args else kwargs.get("x")) if in_place else result)
            return result
        return draw

    def subclass(self, base, name):
        """A generator class whose draws are logged; it answers isinstance() as the original does."""
        class Meta(type):
            def __instancecheck__(cls, value):
                return isinstance(value, base)

        body = {}
        for method in dir(base):
            if method.startswith("_") or method in NOT_DRAWS or not callable(getattr(base, method)):
                continue
            body[method] = self.logged("numpy.random.%s.%s" % (name, method), getattr(base, method))
        made = Meta(name, (base,), body)
        if name == "Generator":
            made.__reduce__ = lambda self: (made, (self.bit_generator,))
        else:
            made.__init__ = self.seeded(base.__init__, 1)
            made.__reduce__ = lambda self: (made, (self._bit_generator,), self.get_state(legacy=False))
        made.__module__ = "numpy.random"
        self.wrappers.add_library(made, "numpy.random." + name)
        return made

    def install(self):
        nr = np.random
        generator = self.subclass(nr.Generator, "Generator")
        state = self.subclass(nr.RandomState, "RandomState")
        default_rng = self.seeded(nr.default_rng, 0)

        @functools.wraps(nr.default_rng)
        def logged_rng(*args, **kwargs):
            made = default_rng(*args, **kwargs)
            return made if type(made) is generator else generator(made.bit_generator)

        self.wrappers.add_library(logged_rng, "numpy.random.default_rng")
        # The legacy global generator, and every module function bound to it.
        old = nr.mtrand._rand
        new = state(old._bit_generator)
        for name in dir(nr):
            value = getattr(nr, name)
            if getattr(value, "__self__", None) is old:
                bound = getattr(type(old), name).__get__(new)
                if name not in NOT_DRAWS:
                    bound = self.logged("numpy.random." + name, bound)
                    self.wrappers.add_library(bound, "numpy.random." + name)
                setattr(nr, name, bound)
        nr.mtrand._rand = new
        nr.seed = self.seeded(nr.seed, 0)
        nr.seed()
        self.wrappers.add_library(nr.seed, "numpy.random.seed")
        nr.default_rng, nr.Generator, nr.RandomState = logged_rng, generator, state
        random.Random.seed = self.seeded(random.Random.seed, 1)
        random.seed = random._inst.seed
        random.seed()
        self.wrappers.add_library(random.seed, "random.seed")
        for name in dir(random.Random):
            method = getattr(random.Random, name)
            if name.startswith("_") or name in NOT_DRAWS or not callable(method):
                continue
            free = getattr(random, name, None)
            setattr(random.Random, name, self.logged("random.Random." + name, method))
            if callable(free):
                bound = self.logged("random." + name, free)
                self.wrappers.add_library(bound, "random." + name)
                setattr(random, name, bound)


# Special methods that run at odd times, or whose mere presence changes what Python does.
UNTOUCHED = {"__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__new__", "__init_subclass__", "__del__",
             "__class_getitem__", "__repr__", "__str__", "__format__", "__hash__", "__eq__", "__reduce__",
             "__reduce_ex__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__", "__set_name__"}


# ---- the recorder -------------------------------------------------------------------------------------------------

class Recorder:
    """Lives in the process that runs the bench. `send(tag, tree)` streams what is found to the server."""

    def __init__(self, config, send, zygote):
        self.config = config
        self.send = send
        self.zygote = zygote  # (instance index, prepare) -> None; forks the process image references are computed in
        self.project = Project(config["root"], config["outside"])
        self.wrappers = Wrappers()
        self.encoder = Encoder(self.project, self.wrappers, config["limits"]["recorded"])
        self.source = os.path.join(self.project.root, config["source"])
        self.entry = config["entry"]
        self.script = self.entry[7:].split(",") if self.entry.startswith("script:") else None
        self.owner, _, self.member = self.entry.partition(".")
        self.depth = 0
        self.snapshotted = False
        self.instances = {}
        self.draws = None
        self.entry_value = None
        self.calls = {}
        self.imported = []
        self.states = StateLog(self.project, self.wrappers, config["limits"]["recorded"])
        self.outside = Outside(self.project, config["source"], config["bench"] or config["source"])

    def visible(self):
        """What the sandbox shows unchanged of the machine's files (its /tmp is its own)."""
        return [p for p in self.config["readable"] if p not in self.config["writable"]]

    # -- finding and wrapping the entry

    def candidates(self, names):
        import difflib
        wanted = (self.script or [self.entry])[0]
        close = difflib.get_close_matches(wanted, names, 8, 0.5)
        return close + [n for n in names if n not in close][:40]

    def check_static(self, tree):
        """Refuses an entry the source never binds, before anything is run."""
        names, bound = [], set()
        for node in ast.walk(ast.Module(body=tree.body, type_ignores=[])):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                bound.update((a.asname or a.name.split(".")[0]) for a in node.names)
                if any(a.name == "*" for a in node.names):
                    return
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                names.append(node.name)
            elif isinstance(node, ast.ClassDef):
                names.append(node.name)
                names += [node.name + "." + m.name for m in node.body
                          if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
        for name in self.script if self.script is not None else [self.owner]:
            if name not in bound:
                raise EntryMissing(name, sorted(bound) if self.script is not None else self.candidates(names))

    def wrap_entry(self, namespace, complete):
        """Puts the recording wrapper in place of the entry in the source module's namespace."""
        if self.script is not None:
            return
        if self.owner not in namespace:
            if complete:
                raise EntryMissing(self.owner, self.candidates([k for k in namespace if not k.startswith("_")]))
            return
        found = namespace[self.owner]
        if id(found) in self.wrappers.originals or getattr(found, "__proofmark_wrapped__", None) is found:
            return
        if isinstance(found, type):
            if self.project.module_file(found.__module__) is None:
                raise EntryMissing(self.owner, [])
            self.wrap_class(found)
            return
        if self.member or not callable(found):
            if complete or not callable(found):
                raise EntryMissing(self.entry, [])
            return
        self.entry_value = lambda: found
        namespace[self.owner] = self.wrapper(found, self.owner, False)

    def wrap_class(self, cls):
        methods, private = {}, {}
        for base in reversed(cls.__mro__):
            if self.project.module_file(base.__module__) is None:
                continue
            for name, value in vars(base).items():
                if name == "__call__" or not name.startswith("_") or name == self.member:
                    methods[name] = value
                elif isinstance(value, types.FunctionType) and name not in UNTOUCHED:
                    private[name] = value
        if self.member and self.member not in methods:
            raise EntryMissing(self.entry, ["%s.%s" % (self.owner, m) for m in methods])
        for name, value in methods.items():
            if self.member and name != self.member:
                continue
            if isinstance(value, types.FunctionType):
                setattr(cls, name, self.wrapper(value, name, True))
            elif isinstance(value, staticmethod) and self.member:
                setattr(cls, name, staticmethod(self.wrapper(value.__func__, name, False)))
            elif self.member:
                raise EntryMissing(self.entry, [])
        for name, value in private.items():
            setattr(cls, name, self.silent(value))
        for name, value in methods.items():
            if isinstance(value, property):
                parts = [f and self.silent(f) for f in (value.fget, value.fset, value.fdel)]
                if value.fset and not self.member:
                    parts[1] = self.setter(value.fset, name, parts[1])
                setattr(cls, name, property(*parts, doc=value.__doc__))
        cls.__proofmark_wrapped__ = cls
        if not self.member:
            self.entry_value = lambda: cls
        elif isinstance(methods[self.member], staticmethod):
            self.entry_value = lambda: methods[self.member].__func__
        else:
            self.entry_value = lambda: (cls, methods[self.member])

    def entry_tree(self):
        value = self.entry_value()
        self.encoder.scope()
        if isinstance(value, tuple):
            return {"t": "method", "object": self.encoder.value(value[0]), "function": self.encoder.value(value[1])}
        return self.encoder.value(value)

    def silent(self, original):
        """A constructor, operator or property: what it calls on its object is not a call from outside."""
        @functools.wraps(original)
        def call(*args, **kwargs):
            self.depth += 1
            try:
                return original(*args, **kwargs)
            finally:
                self.depth -= 1

        self.wrappers.add(call, original)
        return call

    def setter(self, original, name, silent):
        """A property that is set after the first call is a call itself; before, it configures the object."""
        recording = self.wrapper(original, name + "=", True)

        @functools.wraps(original)
        def call(target, value):
            between = not self.depth and id(target) in self.instances
            return (recording if between else silent)(target, value)

        self.wrappers.add(call, original)
        return call

    def wrapper(self, original, name, method):
        try:
            signature = inspect.signature(original)
        except (TypeError, ValueError):
            raise EntryMissing(self.entry, [])
        key = (name, method)
        self.calls[key] = (original, signature)

        @functools.wraps(original)
        def call(*args, **kwargs):
            if self.depth:
                return original(*args, **kwargs)
            return self.record(key, args, kwargs)

        self.wrappers.add(call, original)
        return call

    # -- one call

    def record(self, key, args, kwargs):
        name, method = key
        original, signature = self.calls[key]
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return original(*args, **kwargs)  # raises as it would have
        bound.apply_defaults()
        given = list(bound.arguments.items())[1 if method else 0:]
        self.depth += 1
        try:
            with Trusted():
                instance, fresh = self.locate(args[0] if method else None)
                if not self.snapshotted:
                    self.snapshot()
                    fresh = True
                if fresh:
                    if method:
                        self.encoder.scope()
                        self.send("I", self.encoder.value(args[0]))
                        self.states.start(instance, args[0])
                    self.zygote(instance, args[0] if method else None, self)
                if method and not fresh:
                    self.between(instance, args[0])
                self.encoder.scope()
                tree = {"instance": instance, "name": name, "args": self.encoder.pairs(given, 8)}
                if name.endswith("="):
                    tree["at"] = self.outside.place(name[:-1])
                self.draws = []
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                with Trusted():
                    if not isinstance(error, TooMuchRecorded):
                        # The frame of this wrapper is not the user's.
                        tree["result"] = {"Err": exception_tree(error, self.project)}
                        self.finish(tree, given, args[0] if method else None)
                raise
            with Trusted():
                self.encoder.scope()
                tree["result"] = {"Ok": self.encoder.value(result)}
                self.finish(tree, given, args[0] if method else None)
            return result
        finally:
            self.depth -= 1

    def between(self, instance, target):
        """Records what changed since the last call as calls that set it: `name=`, for a dotted name."""
        for path, value in self.states.changes(instance, target) or ():
            if not self.outside.read(path):
                continue
            given = self.states.encoded([(path, value)])
            if given is None:
                return
            other, why = self.states.shares(instance, path, value), None
            if value is GONE:
                why = "it is deleted"
            elif other is not None:
                why = "it shares its memory with `%s`" % other
            elif not replayed(given[0][1]):
                why = "it becomes a %s" % type(value).__name__
            if why is not None:
                self.send("O", [instance, path, self.outside.place(path), why])
            else:
                args = [["value", given[0][1]]]
                self.send("C", {"instance": instance, "name": path + "=", "args": args, "args_after": args, "draws": [],
                                "result": {"Ok": {"t": "none"}}, "state": given, "at": self.outside.place(path)})

    def finish(self, tree, given, target):
        draws, self.draws = self.draws, None
        if target is not None:
            tree["state"] = self.states.encoded(self.states.changes(tree["instance"], target))
        self.encoder.scope()
        tree["args_after"] = self.encoder.pairs(given, 8)
        tree["draws"] = draws
        self.send("C", tree)

    def locate(self, instance):
        """(index of the instance, whether this is its first call)."""
        if instance is None:
            return None, False
        key = id(instance)
        if key in self.instances:
            return self.instances[key][0], False
        self.instances[key] = (len(self.instances), instance)
        return self.instances[key][0], True

    def log_draw(self, name, result):
        # what a library draws for itself, importing it included, is none of the program's draws
        if self.draws is None or self.project.relative(sys._getframe(2).f_code.co_filename) is None:
            return
        with Trusted():
            self.encoder.scope()
            tree = self.encoder.value(result)
            if self.script is None:
                self.draws.append([name, tree])
                return
            frame = sys._getframe(1)
            while frame is not None and self.project.relative(frame.f_code.co_filename) != self.config["source"]:
                frame = frame.f_back
            self.draws.append([name, frame.f_lineno if frame else 0, tree])

    # -- state

    def module_tree(self, module):
        names = [(k, v) for k, v in sorted(vars(module).items()) if not (k.startswith("__") and k.endswith("__"))]
        return {"module": module.__name__, "file": self.project.relative(module.__file__),
                "globals": self.encoder.pairs(names, 8)}

    def snapshot(self):
        self.snapshotted = True
        self.send("E", self.entry_tree())
        self.encoder.scope()
        for name in sorted(sys.modules):
            module = sys.modules[name]
            if isinstance(module, types.ModuleType) and self.project.relative(getattr(module, "__file__", None)):
                self.send("M", self.module_tree(module))

    # -- running

    def watch_imports(self):
        """Wraps the entry as soon as its module has been executed, under whatever name it is imported, so that
        `from source import entry` already binds the wrapper."""
        loader = importlib.machinery.SourceFileLoader
        execute = loader.exec_module

        def exec_module(this, module):
            execute(this, module)
            with Trusted():
                quiet_plots(module)
                file = getattr(module, "__file__", None)
                if file and os.path.realpath(file) == self.source:
                    self.imported.append(module.__name__)
                    self.wrap_entry(vars(module), True)
                elif self.script is not None and self.project.relative(file):
                    # A script has no call to take its snapshot at: a module as it is when first imported.
                    self.encoder.scope()
                    self.send("M", self.module_tree(module))

        loader.exec_module = exec_module

    def run(self):
        config = self.config
        main = os.path.join(self.project.root, config["bench"] or config["source"])
        if self.script is not None:
            main = self.source
        with open(self.source, "rb") as handle:
            text = handle.read()
        tree = ast.parse(text, self.source)
        self.check_static(tree)
        main_is_source = main == self.source
        if not main_is_source:
            with open(main, "rb") as handle:
                tree = ast.parse(handle.read(), main)
        elif self.script is None:
            tree = self.with_hooks(tree)
        code = compile(tree, main, "exec")

        folder = os.path.dirname(main)
        os.chdir(folder)
        sys.path[:0] = [folder] + ([self.project.root] if self.project.root != folder else [])
        sys.argv[:] = [main]
        self.forget_shadowed([folder, self.project.root])
        if importlib.util.find_spec("matplotlib") is None:
            sys.meta_path.append(InertFinder())
        Draws(self.wrappers, self.log_draw).install()
        self.watch_imports()
        if self.script is not None:
            self.draws = []
        module = types.ModuleType("__main__")
        module.__file__ = main
        module.__builtins__ = __builtins__
        sys.modules["__main__"] = module
        if main_is_source and self.script is None:
            self.imported.append("__main__")
            module.__proofmark_hook__ = lambda: self.wrap_entry(vars(module), False)
        if self.script is not None:
            self.encoder.scope()
            self.send("E", self.encoder.value(module))
        GUARD["on"] = config["guard"]
        try:
            exec(code, vars(module))
        finally:
            GUARD["on"] = False
            if self.script is not None:
                draws, self.draws = self.draws, None
                self.send("W", draws)
        if self.script is not None:
            missing = [n for n in self.script if n not in vars(module)]
            if missing:
                raise EntryMissing(missing[0], sorted(k for k in vars(module) if not k.startswith("_")))
            self.encoder.scope()
            self.send("S", self.encoder.pairs([(n, vars(module)[n]) for n in self.script], 8))

    def forget_shadowed(self, folders):
        """A file of the project may be called as a library module that only we have loaded (`signal.py`, `queue.py`):
        the user's import must find the user's."""
        for folder in folders:
            for name in os.listdir(folder):
                name = name[:-3] if name.endswith(".py") else name
                if name in PRELOADED or name in sys.builtin_module_names or not name.isidentifier():
                    continue
                for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
                    if self.project.module_file(loaded) is None:
                        del sys.modules[loaded]

    def with_hooks(self, tree):
        """The bench is the source itself: after every top-level statement the entry is wrapped if it is now bound."""
        body = []
        for place, node in enumerate(tree.body):
            body.append(node)
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if (isinstance(node, ast.ImportFrom) and node.module == "__future__") or (text and place == 0):
                continue
            hook = ast.Expr(ast.Call(ast.Name("__proofmark_hook__", ast.Load()), [], []))
            body.append(ast.fix_missing_locations(ast.copy_location(hook, node)))
        tree.body = body
        return tree


def outcome(recorder, work):
    """Runs `work` and says how it ended, as the tree of the last frame."""
    project = recorder.project
    try:
        work()
    except TooMuchRecorded:
        return {"status": "too_much_recorded"}
    except EntryMissing as error:
        return {"status": "entry_not_found", "name": error.name, "candidates": error.candidates}
    except SystemExit as error:
        if error.code not in (None, 0):
            return {"status": "raised", "exception": exception_tree(error, project)}
    except BaseException as error:
        tree = exception_tree(error, project)
        refused = denial(error, recorder.visible()) if recorder.config["guard"] else None
        if refused is not None:
            return {"status": "denied", "action": refused.action, "target": clean(refused.target), "exception": tree}
        return {"status": "memory" if isinstance(error, MemoryError) else "raised", "exception": tree}
    if recorder.script is None and not recorder.snapshotted:
        return {"status": "never_called", "imported": bool(recorder.imported)}
    return {"status": "ok"}
