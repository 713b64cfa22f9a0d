# Fourth part of the oracle: the process that answers requests. It never runs user code itself: the bench, every
# evaluation and every reference call run in forked children with limits, and it outlives their deaths.
import builtins
import ctypes
import select
import socket
import time
import traceback
import warnings

RECIPE = 1 << 40  # handles from here on name the result of an evaluation, to be computed again when used
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MODULES = {"numpy", "scipy", "math", "cmath", "builtins", "operator", "itertools", "functools", "copy", "statistics",
           "fractions", "decimal", "random", "types", "struct", "binascii", "zlib", "string", "collections"}
ZYGOTES = 33  # process images kept for references: one for a function entry, or one for each of this many instances


def prctl(option, value):
    try:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # without it only the clean-up of --sandbox none is weaker


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view[:1 << 20]):]


def read_exactly(fd, size):
    data = bytearray()
    while len(data) < size:
        chunk = os.read(fd, min(size - len(data), 1 << 20))
        if not chunk:
            raise EOFError()
        data += chunk
    return bytes(data)


def write_frame(fd, data):
    write_all(fd, struct.pack("<I", len(data)) + data)


def read_frame(fd):
    return read_exactly(fd, struct.unpack("<I", read_exactly(fd, 4))[0])


def dumps(tree):
    return json.dumps(tree, separators=(",", ":")).encode("ascii")


def silence(*fds):
    null = os.open(os.devnull, os.O_RDWR)
    for fd in fds:
        os.dup2(null, fd)
    os.close(null)


def fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return pid


def kill_group(pid):
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass


def set_limits(limits):
    for which, value in ((resource.RLIMIT_AS, limits["memory"]), (resource.RLIMIT_CPU, limits["cpu"]),
                         (resource.RLIMIT_FSIZE, limits["file"]), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value + 2 if which == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY
                                   else value))


def run_child(work, wall, cpu):
    """Forks, runs `work() -> bytes` there, returns (bytes, None) or (None, how it ended)."""
    read, write = os.pipe()
    pid = fork()
    if pid == 0:
        try:
            os.close(read)
            os.setsid()
            write_frame(write, work())
        except BaseException:
            try:
                traceback.print_exc()
            finally:
                os._exit(1)
        os._exit(0)
    os.close(write)
    data, need, deadline, ended = bytearray(), 4, time.monotonic() + wall, None
    try:
        while len(data) < need:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([read], [], [], left)[0]:
                ended = {"kind": "timeout", "what": "wall"}
                break
            chunk = os.read(read, 1 << 20)
            if not chunk:
                break
            data += chunk
            if len(data) >= 4:
                need = 4 + struct.unpack("<I", data[:4])[0]
    finally:
        os.close(read)
        if ended or len(data) >= need:  # else it is dying by itself, and its status tells how
            kill_group(pid)
        _, status, used = os.wait4(pid, 0)
    if ended is None and len(data) >= need and need > 4:
        return bytes(data[4:need]), None
    return None, ended or died(status, used, cpu)


def died(status, used, cpu):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # A process that ignores the first signal gets the second.
        if number == signal.SIGXCPU or (number == signal.SIGKILL and used.ru_utime + used.ru_stime >= cpu):
            return {"kind": "timeout", "what": "cpu"}
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "signal %d" % number
        return {"kind": "crashed", "how": name}
    return {"kind": "crashed", "how": "exit status %d" % os.WEXITSTATUS(status)}


# ---- evaluation ---------------------------------------------------------------------------------------------------

def load_names(expression):
    """(code, module names -> modules) of a Python expression; imports what its dotted names need."""
    tree = ast.parse(expression.strip(), "<expression>", "eval")
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            name = {"np": "numpy"}.get(node.id, node.id)
            if name in MODULES:
                found[node.id] = __import__(name)
        chain, inner = [], node
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if chain and isinstance(inner, ast.Name) and inner.id in ("np", "numpy", "scipy"):
            module = "numpy" if inner.id == "np" else inner.id
            for part in reversed(chain):
                module += "." + part
                try:
                    __import__(module)
                except ImportError:
                    break
    return compile(tree, "<expression>", "eval"), found


def evaluate(request, project, handle, functions):
    """The value of the request's expression. `handle(number)` gives what a recorded handle stands for."""
    recipes = request.get("recipes", {})

    def opaque(tree):
        number = tree["handle"]
        if number >= RECIPE:
            index = (number - RECIPE) >> 16
            return handles_of(index)[(number - RECIPE) & 0xFFFF]
        if not number or handle is None:
            raise Refused("an opaque %s cannot be handed over here" % tree["type_name"])
        return handle(number)

    def handles_of(index):
        recipe = recipes[str(index)]
        encoder = Encoder(project, Wrappers(), 1 << 62)
        encoder.value(run(recipe))
        return encoder.handles

    def run(part):
        decoder_args = {}
        for place, tree in enumerate(part["args"]):
            decoder_args["a%d" % place] = Decoder(opaque, functions, overlap=True).value(tree)
        code, names = load_names(part["expression"])
        scope = {"__builtins__": builtins}
        scope.update(names)
        scope.update(decoder_args)
        return eval(code, scope)

    return run(request)


def evaluation(request, project, wrappers, handle, functions):
    """Answer of an evaluation, as bytes."""
    first = RECIPE + (request["recipe"] << 16)
    try:
        value = evaluate(request, project, handle, functions)
        encoder = Encoder(project, wrappers, request["recorded"], first)
        answer = {"value": encoder.value(value)}
        if len(encoder.handles) > 0xFFFF:
            raise Refused("too many opaque objects in one answer")
        # One byte ahead of the answer tells the server whether to remember how it was made.
        return (b"+" if encoder.handles else b"-") + dumps(answer)
    except Refused as error:
        return b"-" + dumps({"error": {"kind": "refused", "message": clean(str(error))}})
    except TooMuchRecorded:
        return b"-" + dumps({"error": {"kind": "too_much_recorded"}})
    except Exception as error:
        return b"-" + dumps({"exception": exception_tree(error, project)})


def things_in(trees):
    """(handles, whether project objects occur, whether some of them have no importable name) in argument trees."""
    handles, objects, nameless, stack = set(), False, False, list(trees)
    while stack:
        tree = stack.pop()
        if isinstance(tree, dict):
            if tree.get("t") == "opaque":
                handles.add(tree["handle"])
            elif tree.get("t") in ("function", "class"):
                objects = True
                nameless = nameless or "<" in tree["qualname"]
            stack.extend(v for v in tree.values() if isinstance(v, (dict, list)))
        elif isinstance(tree, list):
            stack.extend(v for v in tree if isinstance(v, (dict, list)))
    return handles, objects, nameless


# ---- references ---------------------------------------------------------------------------------------------------

def reference(request, recorder, instance):
    """Answers a list of calls made one after another on one fresh process image."""
    answers, attributes = [], Attributes(recorder.project)
    try:
        for call in request["calls"]:
            decoder = Decoder(None, recorder.encoder.functions)
            given = [(name, decoder.value(tree)) for name, tree in call["args"]]
            original, signature = find_call(recorder, call["name"], instance)
            positional, named = arguments(signature, given, instance)
            GUARD["on"] = recorder.config["guard"]
            try:
                result, error = original(*positional, **named), None
            except Exception as raised:
                error = raised
            finally:
                GUARD["on"] = False
            encoder = Encoder(recorder.project, recorder.wrappers, request["recorded"], 0)
            if error is None:
                tree = {"Ok": encoder.value(result)}
            else:
                tree = {"Err": exception_tree(error, recorder.project)}
            encoder.scope()
            answers.append({"result": tree, "args_after": encoder.pairs(given, 8)})
            if instance is not None:
                state = Anonymous(recorder.project, recorder.wrappers, request["recorded"])
                answers[-1]["state"] = [[p, state.value(attributes.find(instance, p))] for p in request["state"]]
    except Refused as error:
        return dumps({"error": {"kind": "refused", "message": clean(str(error))}})
    except TooMuchRecorded:
        return dumps({"error": {"kind": "too_much_recorded"}})
    return dumps({"reference": answers})


def find_call(recorder, name, instance):
    key = (name, instance is not None)
    if key in recorder.calls:
        return recorder.calls[key]
    if instance is not None and name.endswith("="):
        assign = assignment(name[:-1])
        return assign, inspect.signature(assign)
    raise Refused("%s is not an entry that was recorded" % name)


def arguments(signature, given, instance):
    """Bound arguments (as recorded: *args a tuple, **kwargs a dict) back to a call."""
    values = dict(given)
    positional, named = ([] if instance is None else [instance]), {}
    for place, (name, parameter) in enumerate(signature.parameters.items()):
        if instance is not None and place == 0:
            continue
        if name not in values:
            if parameter.default is inspect.Parameter.empty and parameter.kind not in (
                    parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise Refused("no value for parameter " + name)
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(values[name])
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(values[name])
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = values[name]
        elif len(positional) < place:  # a parameter before it was left to its default
            named[name] = values[name]
        else:
            positional.append(values[name])
    unknown = set(values) - set(signature.parameters)
    if unknown:
        raise Refused("no parameter " + ", ".join(sorted(unknown)))
    return positional, named


def serve_images(link, limits, handlers):
    """Loop of a kept process image: every request is answered in a fork of it."""
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
    silence(0, 1, 2)
    try:
        while True:
            request = json.loads(read_frame(link))
            data, ended = run_child(lambda: handlers[request["op"]](request), request["wall"], limits["cpu"])
            write_frame(link, data if data is not None else b"-" * (request["op"] == "eval") + dumps({"error": ended}))
    except BaseException:
        os._exit(0)


# ---- the bench process --------------------------------------------------------------------------------------------

def bench_process(config, control, links, own_link):
    """Body of the child that runs the bench, records it, and then stays as the image evaluations with handles use."""
    frames = {"fd": control}

    def send(tag, tree):
        write_frame(frames["fd"], tag + dumps(tree))

    def zygote(instance, target, recorder):
        place = 0 if instance is None else instance
        if place >= ZYGOTES:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        pid = fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.close(control)
            for link in links[place + 1:]:
                os.close(link)
            functions = recorder.encoder.functions
            recorder.depth = 1
            recorder.draws = None
            serve_images(links[place], config["limits"], {
                "reference": lambda request: reference(request, recorder, target),
                "eval": lambda request: evaluation(request, recorder.project, recorder.wrappers, None, functions)})
        os.close(links[place])
        send(b"Z", pid)

    set_limits(config["limits"])
    recorder = Recorder(config, lambda tag, tree: send(tag.encode("ascii"), tree), zygote)
    recorder.zygote = zygote
    install_guard(config["readable"], config["writable"])
    ended = outcome(recorder, recorder.run)
    GUARD["on"] = False
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    send(b"D", ended)
    recorder.depth = 1
    handles = recorder.encoder.handles
    first = recorder.encoder.first_handle
    serve_images(own_link, config["limits"], {
        "eval": lambda request: evaluation(request, recorder.project, recorder.wrappers,
                                           lambda number: handles[number - first], recorder.encoder.functions)})


class Server:
    def __init__(self, requests, replies):
        self.requests = requests
        self.replies = replies
        self.config = None
        self.project = None
        self.recipes = []
        self.bench = None
        self.bench_link = None
        self.links = []
        self.images = set()

    # -- requests

    def loop(self):
        self.config = json.loads(read_frame(self.requests))
        self.hello()
        while True:
            try:
                request = json.loads(read_frame(self.requests))
            except EOFError:
                break
            write_frame(self.replies, getattr(self, "do_" + request["op"])(request))
        self.kill_strays(set())

    def hello(self):
        versions = {"python": ".".join(str(v) for v in sys.version_info[:3])}
        problem = None
        try:
            import numpy
            versions["numpy"] = numpy.__version__
            if int(numpy.__version__.split(".")[0]) >= 2:
                bind_numpy(numpy)
                self.project = Project(self.config["root"], self.config["outside"])
        except ImportError as error:
            problem = str(error)
        try:
            import importlib.metadata
            versions["scipy"] = importlib.metadata.version("scipy")
        except ImportError:
            pass
        self.versions = [[k, versions[k]] for k in ("python", "numpy", "scipy") if k in versions]
        write_frame(self.replies, dumps({"hello": {"versions": self.versions, "problem": problem}}))

    def do_eval(self, request):
        request["recipe"] = len(self.recipes)
        request["wall"] = self.config["limits"]["eval_wall"]
        request["recorded"] = self.config["limits"]["recorded"]
        handles, objects, nameless = things_in(request["args"])
        recorded = set()
        pending, needed = list(handles), {}
        while pending:
            number = pending.pop()
            if number < RECIPE:
                recorded.add(number)
                continue
            index = (number - RECIPE) >> 16
            if index < len(self.recipes) and str(index) not in needed:
                recipe = self.recipes[index]
                needed[str(index)] = {"expression": recipe["expression"], "args": recipe["args"]}
                pending += things_in(recipe["args"])[0]
        request["recipes"] = needed
        link = None
        if recorded - {0} or nameless:
            link = self.bench_link
        elif objects:
            link = self.links[0] if self.links else None
        if link is not None:
            answer = self.ask(link, request)
        elif recorded - {0} or objects or nameless:
            return dumps({"error": {"kind": "refused", "message": "there is no recording these arguments belong to"}})
        else:
            answer = self.evaluate_here(request)
        if answer[:1] == b"+":
            self.recipes.append(request)
        return answer[1:]

    def evaluate_here(self, request):
        try:
            load_names(request["expression"])  # imported once, here, not in every child
        except Exception:
            pass  # told by the child

        def work():
            set_limits(self.config["limits"])
            os.close(self.requests)
            silence(0, 1, 2)
            os.chdir(os.path.dirname(os.path.join(self.config["root"], self.config["bench"] or self.config["source"])))
            return evaluation(request, self.project, Wrappers(), None, {})

        data, ended = run_child(work, request["wall"], self.config["limits"]["cpu"])
        return data if data is not None else b"-" + dumps({"error": ended})

    def do_reference(self, request):
        place = request["instance"] or 0
        if place >= len(self.links):
            return dumps({"error": {"kind": "refused", "message": "no process image was kept of that instance"}})
        request["wall"] = self.config["limits"]["eval_wall"]
        request["recorded"] = self.config["limits"]["recorded"]
        return self.ask(self.links[place], request)

    def ask(self, link, request):
        request = dict(request, op=request["op"])
        try:
            write_frame(link.fileno(), dumps(request))
            return read_frame(link.fileno())
        except (EOFError, OSError) as error:
            answer = dumps({"error": {"kind": "crashed", "how": "process image is gone (%s)" % error}})
            return b"-" + answer if request["op"] == "eval" else answer

    # -- recording

    def do_record(self, request):
        if self.bench is not None:
            return dumps({"error": {"kind": "refused", "message": "already recorded"}})
        control, control_w = os.pipe()
        out, out_w = os.pipe()
        err, err_w = os.pipe()
        pairs = [socket.socketpair() for _ in range(ZYGOTES + 1)]
        pid = fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                for fd in (self.requests, self.replies, control, out, err):
                    os.close(fd)
                for mine, _ in pairs:
                    mine.close()
                os.dup2(out_w, 1)
                os.dup2(err_w, 2)
                os.close(out_w)
                os.close(err_w)
                bench_process(self.config, control_w, [p[1].fileno() for p in pairs[1:]], pairs[0][1].fileno())
            finally:
                os._exit(1)
        try:
            os.setpgid(pid, pid)  # as the child does, whoever comes first
        except OSError:
            pass
        for fd in (control_w, out_w, err_w):
            os.close(fd)
        for _, theirs in pairs:
            theirs.close()
        self.bench, self.bench_link = pid, pairs[0][0]
        recording = Frames()
        ended = self.watch(pid, control, {out: recording.out, err: recording.err}, recording)
        for fd in (control, out, err):
            os.close(fd)
        alive = ended["status"] == "done"
        if not alive:
            try:
                # A group dies at once; one by one, a fork bomb would be faster than we are.
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass  # nobody left in it
        self.kill_strays(({pid} | recording.images) if alive else set())
        if alive:
            ended = recording.done
            self.links = [p[0] for p in pairs[1:1 + len(recording.images)]]
        body = recording.body(self.versions)
        if ended["status"] == "ok":
            return b'{"recording":' + body + b"}"
        ended["kind"] = ended.pop("status")
        ended["stderr"] = clean(recording.err[-2000:].decode("utf-8", "replace"))
        return b'{"error":' + dumps(ended)[:-1] + b',"partial":' + body + b"}}"

    def watch(self, pid, control, outputs, recording):
        """Until the bench process is done, dies or breaks a limit."""
        limits = self.config["limits"]
        deadline = time.monotonic() + limits["wall"]
        buffer, printed, looked = bytearray(), 0, time.monotonic()
        open_fds = [control] + list(outputs)
        while True:
            now = time.monotonic()
            if now > deadline:
                return {"status": "timeout", "what": "wall"}
            if now - looked > 0.05:
                looked = now
                if len(descendants()) - len(recording.images) - 1 > limits["processes"]:
                    return {"status": "too_many_processes"}
            ready = select.select(open_fds + [self.requests], [], [], 0.05)[0]
            if self.requests in ready:  # nobody may ask anything now: the other side is gone
                self.kill_strays(set())
                os._exit(0)
            for fd in ready:
                data = os.read(fd, 1 << 20)
                if fd == control:
                    buffer += data
                    if not data:
                        return self.how_it_died(pid)
                    recording.take(buffer)
                    if recording.size > 2 * limits["recorded"]:
                        return {"status": "too_much_recorded"}
                elif not data:
                    open_fds.remove(fd)
                else:
                    printed += len(data)
                    keep_part(outputs[fd], data)
            if printed > limits["output"]:
                return {"status": "too_much_output"}
            if recording.done is not None and not any(fd in ready for fd in outputs):
                return {"status": "done"}

    def how_it_died(self, pid):
        for _ in range(100):
            found, status, used = os.wait4(pid, os.WNOHANG)
            if found:
                self.bench_link = None
                ended = died(status, used, self.config["limits"]["cpu"])
                return dict(ended, status=ended.pop("kind"))
            time.sleep(0.01)
        return {"status": "crashed", "how": "the bench closed the files of the recorder"}

    def kill_strays(self, keep):
        """Kills every descendant but those to keep, and reaps what is ours to reap."""
        for _ in range(50):
            strays = [pid for pid in descendants() if pid not in keep]
            for pid in strays:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            if not strays:
                return
            time.sleep(0.002)


def keep_part(buffer, data):
    buffer += data
    if len(buffer) > 1 << 16:
        del buffer[1 << 16:]


def descendants():
    """Process ids below this one, zombies left out."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as handle:
                    fields = handle.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                parents[int(name)] = int(fields[1])
    found, grew = {os.getpid()}, True
    while grew:
        below = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= below
        grew = bool(below)
    return found - {os.getpid()}


class Frames:
    """What the bench process has sent so far; the parts are passed on as they came."""

    def __init__(self):
        self.parts = {b"E": [], b"M": [], b"I": [], b"C": [], b"S": [], b"W": [], b"O": []}
        self.images = set()
        self.done = None
        self.size = 0
        self.out = bytearray()
        self.err = bytearray()

    def take(self, buffer):
        place = 0
        while len(buffer) - place >= 4:
            size = struct.unpack_from("<I", buffer, place)[0]
            if len(buffer) - place < 4 + size:
                break
            tag, data = bytes(buffer[place + 4:place + 5]), bytes(buffer[place + 5:place + 4 + size])
            place += 4 + size
            self.size += size
            if tag == b"D":
                self.done = json.loads(data)
            elif tag == b"Z":
                self.images.add(json.loads(data))
            else:
                self.parts[tag].append(data)
        del buffer[:place]

    def body(self, versions):
        def joined(tag):
            return b"[" + b",".join(self.parts[tag]) + b"]"

        return b"".join([
            b'{"entry":', (self.parts[b"E"] or [b'{"t":"none"}'])[0], b',"calls":', joined(b"C"),
            b',"instances":', joined(b"I"), b',"outside":', joined(b"O"), b',"modules":', joined(b"M"),
            b',"script_results":', (self.parts[b"S"] or [b"[]"])[0],
            b',"script_draws":', (self.parts[b"W"] or [b"[]"])[0],
            b',"versions":', dumps(versions), b',"stdout":', dumps(clean(self.out.decode("utf-8", "replace"))), b"}"])


def main():
    # The two ends of the protocol move away from 0 and 1, so that nothing printed can get into it.
    requests, replies = os.dup(0), os.dup(1)
    silence(0, 1)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    Server(requests, replies).loop()


main()
