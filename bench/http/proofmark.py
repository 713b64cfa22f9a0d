"""A server of ours as a process: starting it, talking to it, looking at what it takes."""

import http.client
import json
import os
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("PROOFMARK", ROOT / "target" / "release" / "proofmark"))
TICK = os.sysconf("SC_CLK_TCK")
OWNER = {"organization": "Bench", "name": "Ada", "email": "ada@example.org", "password": "a long enough pass phrase"}


class Refused(Exception):
    """An answer that is none of 2xx."""


def pinned(cores):
    """What a child does first to stay on these cores; None where it may use all."""
    return None if cores is None else lambda: os.sched_setaffinity(0, cores)


def stopped(child):
    """Ends a process in an orderly way, or after a while without."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(40)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Process:
    """What a process takes, from /proc."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        """Seconds of processor time, without its children's."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, what="VmRSS"):
        """Resident memory in MB; `VmHWM` for the most since `forget_peak`."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1000
        raise KeyError(what)

    def forget_peak(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def share(self, seconds):
        """Share of one core over that time."""
        began, before = time.monotonic(), self.cpu()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.monotonic() - began)


class Server(Process):
    """`proofmark serve` on a folder of its own."""

    def __init__(self, data, cores=None, port=0, options=(), variables=None, database=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PROOFMARK_") or k == "PROOFMARK_PYTHON"}
        environment |= variables or {}
        if database:
            environment["PROOFMARK_DATABASE"] = database
        command = [PROGRAM, "--message-format", "json", "serve", "--data", data, "--listen", f"127.0.0.1:{port}", *options]
        self.log = Path(f"{data}.log").open("ab")
        self.child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, preexec_fn=pinned(cores), env=environment
        )
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            raise SystemExit(f"{PROGRAM} did not start:\n{Path(self.log.name).read_text()[-2000:]}")
        said = json.loads(line)["serve"]
        super().__init__(self.child.pid)
        self.url, self.setup = said["url"], said["setup"]
        self.port = int(self.url.rpartition(":")[2])
        self.secret = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        stopped(self.child)
        self.log.close()

    def ask(self, method, path, body=None, headers=(), secret=None):
        """Status, headers and bytes of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = dict(headers)
        if secret or self.secret:
            sent["authorization"] = f"Bearer {secret or self.secret}"
        if body is not None and not isinstance(body, bytes):
            body, sent["content-type"] = json.dumps(body).encode(), "application/json"
        try:
            connection.request(method, path, body, sent)
            got = connection.getresponse()
            return got.status, got.headers, got.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, **rest):
        """The JSON of an answer that must be one of success."""
        status, _, text = self.ask(method, path, body, **rest)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path}: {status} {text[:500].decode(errors='replace')}")
        return json.loads(text) if text else None

    def begin(self):
        """Sets up the organization and its owner, who asks from here on."""
        self.call("POST", "/api/v1/setup", {"link": self.setup.partition("#")[2], **OWNER})
        who = {"email": OWNER["email"], "password": OWNER["password"]}
        self.secret = self.call("POST", "/api/v1/sessions", who)["secret"]
        return self

    def token(self, principal):
        """A token of a service account."""
        ends = (datetime.now(timezone.utc) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = {"name": "bench", "principal": principal, "expires_at": ends}
        return self.call("POST", "/api/v1/tokens", asked)["secret"]

    def service_account(self, name, role, project=None):
        """A service account with that role, in the organization or in one project only; its token."""
        made = self.call("POST", "/api/v1/principals", {"kind": "service-account", "name": name})["principal"]["id"]
        where = f"?project={project}" if project else ""
        self.call("PUT", f"/api/v1/principals/{made}/grants/{role}{where}")
        return self.token(made)

    def project(self, name):
        return self.call("POST", "/api/v1/projects", {"name": name})["id"]

    def artifact(self, project, name, content):
        """An artifact of these bytes."""
        asked = {"name": name, "media_type": "text/x-python", "size": len(content)}
        upload = self.call("POST", f"/api/v1/projects/{project}/uploads", asked)["id"]
        sent = {"content-type": "application/octet-stream", "upload-offset": "0"}
        return self.call("PATCH", f"/api/v1/uploads/{upload}", content, headers=sent)["artifact"]

    def run(self, project, source, bench):
        """A run of a translation, accepted."""
        files = [{"artifact": source, "path": "scale.py"}, {"artifact": bench, "path": "bench.py"}]
        asked = {"sources": files, "file": "scale.py", "bench": "bench.py", "entry": "scale", "targets": ["c"]}
        return self.call("POST", f"/api/v1/projects/{project}/runs", {"workflow": "silicon.translate", "input": asked})


SOURCE = b"import numpy as np\n\n\ndef scale(x, gain):\n    return np.clip(x * gain, -1.0, 1.0)\n"
BENCH = b"""import numpy as np
from scale import scale

rng = np.random.default_rng(1)
for n in (5, 64):
    y = scale(rng.standard_normal(n), 0.75)
    assert np.all(np.abs(y) <= 1.0)
"""


def inputs(server, project):
    """The artifacts of a small program and its bench."""
    return server.artifact(project, "scale.py", SOURCE), server.artifact(project, "bench.py", BENCH)
