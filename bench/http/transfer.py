"""A large artifact up and down: its bytes, the server's memory, and how fast."""

import hashlib
import http.client
import random
import time

PIECE = 1 << 20
BASE = random.Random(1).randbytes(PIECE)


def piece(number):
    """Bytes of the file's piece of that number: no two are alike, and nothing of it is kept."""
    return number.to_bytes(8, "big") + BASE[8:]


def pieces(first, end):
    for number in range(first, end):
        yield piece(number)


def upload(server, project, size, parts):
    """Sends the file in that many requests; the artifact's identifier."""
    asked = {"name": "large.bin", "media_type": "application/octet-stream", "size": size}
    upload = server.call("POST", f"/api/v1/projects/{project}/uploads", asked)["id"]
    count, at = size // PIECE, 0
    for part in range(parts):
        end = count * (part + 1) // parts
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        headers = {
            "authorization": f"Bearer {server.secret}", "content-type": "application/octet-stream",
            "upload-offset": str(at * PIECE), "content-length": str((end - at) * PIECE),
        }  # fmt: skip
        connection.request("PATCH", f"/api/v1/uploads/{upload}", pieces(at, end), headers)
        got = connection.getresponse()
        text = got.read()
        if got.status != 200:
            raise SystemExit(f"upload: {got.status} {text[:500]}")
        connection.close()
        at = end
    made = server.call("GET", f"/api/v1/uploads/{upload}")
    return made["artifact"]


def download(server, artifact, span=None):
    """SHA-256 and number of the bytes of the artifact, or of the pieces from one to before another."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    headers = {"authorization": f"Bearer {server.secret}"}
    if span:
        headers["range"] = f"bytes={span[0] * PIECE}-{span[1] * PIECE - 1}"
    connection.request("GET", f"/api/v1/artifacts/{artifact}/content", headers=headers)
    got = connection.getresponse()
    if got.status != (206 if span else 200):
        raise SystemExit(f"download: {got.status} {got.read()[:500]}")
    digest, number = hashlib.sha256(), 0
    while chunk := got.read(PIECE):
        digest.update(chunk)
        number += len(chunk)
    connection.close()
    return digest.hexdigest(), number


def digest(first, end):
    found = hashlib.sha256()
    for part in pieces(first, end):
        found.update(part)
    return found.hexdigest()


def measure(server, project, size):
    """Up in four requests, down whole and in ranges; the figures. Ends the program where a byte is wrong."""
    size -= size % PIECE
    count = size // PIECE
    expected = digest(0, count)
    before = server.memory()
    server.forget_peak()
    began = time.monotonic()
    artifact = upload(server, project, size, 4)
    up, most_up = time.monotonic() - began, server.memory("VmHWM")
    said = server.call("GET", f"/api/v1/artifacts/{artifact}")["digest"]
    if said != expected:
        raise SystemExit(f"the server says {said}, sent was {expected}")
    server.forget_peak()
    began = time.monotonic()
    got = download(server, artifact)
    down, most_down = time.monotonic() - began, server.memory("VmHWM")
    if got != (expected, size):
        raise SystemExit(f"{got[1]} bytes came with SHA-256 {got[0]}, sent were {size} with {expected}")
    for first in range(0, count, max(count // 8, 1)):
        end = min(first + 16, count)
        if download(server, artifact, (first, end)) != (digest(first, end), (end - first) * PIECE):
            raise SystemExit(f"the range of pieces {first} to {end} has other bytes")
    return {
        "bytes": size,
        "before_mb": before,
        "most_up_mb": most_up,
        "most_down_mb": most_down,
        "up_mb_s": size / up / 1e6,
        "down_mb_s": size / down / 1e6,
    }
