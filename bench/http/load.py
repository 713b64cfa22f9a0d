"""Load on an HTTP server by oha: how many requests a second it answers, and how long answers take at a given rate."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from proofmark import ROOT, pinned

OHA = os.environ.get("OHA") or shutil.which("oha") or ROOT / "build" / "bench" / "tools" / "bin" / "oha"


def oha(url, secret, seconds, cores, connections, rate=None):
    """oha's report; every answer must be 200."""
    command = [OHA, "--no-tui", "--output-format", "json", "--disable-color", "-z", f"{seconds}s", "-c", str(connections)]
    if rate:
        # open loop: an answer's time counts from when the request was due, not from when it could be sent
        command += ["-q", str(rate), "--latency-correction"]
    command += ["-H", f"authorization: Bearer {secret}", url]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=pinned(cores))
    if done.returncode:
        raise SystemExit(f"oha: {done.stderr.strip()[:500]}")
    report = json.loads(done.stdout)
    codes = report["statusCodeDistribution"]
    # requests that the end of the time cut off are no failures
    errors = {k: n for k, n in report["errorDistribution"].items() if "deadline" not in k}
    if set(codes) != {"200"} or errors:
        raise SystemExit(f"{url}: not every answer was 200: {codes} {errors}")
    return report


def throughput(url, secret, seconds, cores, connections=32):
    """Answers a second, with as many requests on the way as there are connections, and how many there were."""
    report = oha(url, secret, seconds, cores, connections)
    answers = sum(report["statusCodeDistribution"].values())
    return answers / report["summary"]["total"], answers


def latency(url, secret, seconds, cores, rate, connections=64):
    """Milliseconds within which half and 99% of answers came at that rate, the longest, and the rate that was reached."""
    report = oha(url, secret, seconds, cores, connections, rate)
    at = report["latencyPercentiles"]
    answered = sum(report["statusCodeDistribution"].values()) / report["summary"]["total"]
    return {
        "rate": answered, "p50_ms": at["p50"] * 1e3, "p99_ms": at["p99"] * 1e3, "longest_ms": report["summary"]["slowest"] * 1e3,
    }  # fmt: skip


def present():
    return Path(OHA).exists()
