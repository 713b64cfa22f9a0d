"""Load on an HTTP server: how many requests a second it answers, by wrk, which takes least of a core for itself; and how long
answers take at a given rate, by oha, which counts a time from when its request was due."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from proofmark import ROOT, pinned

OHA = os.environ.get("OHA") or shutil.which("oha") or ROOT / "build" / "bench" / "tools" / "bin" / "oha"
WRK = os.environ.get("WRK") or shutil.which("wrk") or "wrk"


def oha(url, secret, seconds, cores, connections, rate):
    """oha's report; every answer must be 200."""
    command = [OHA, "--no-tui", "--output-format", "json", "--disable-color", "-z", f"{seconds}s", "-c", str(connections)]
    # open loop: an answer's time counts from when the request was due, not from when it could be sent
    command += ["-q", str(rate), "--latency-correction", "-H", f"authorization: Bearer {secret}", url]
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
    command = [WRK, "-t1", f"-c{connections}", f"-d{seconds}s", "-H", f"authorization: Bearer {secret}", url]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=pinned(cores))
    answers = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec: +([0-9.]+)", done.stdout)
    # wrk names refusals and broken connections only where there were some
    wrong = re.search(r"Non-2xx.*|Socket errors.*", done.stdout)
    if done.returncode or wrong or not answers or not rate:
        raise SystemExit(f"wrk {url}: {wrong[0] if wrong else done.stderr.strip()[:500]}")
    return float(rate[1]), int(answers[1])


def latency(url, secret, seconds, cores, rate, connections=64):
    """Milliseconds within which half and 99% of answers came at that rate, the longest, and the rate that was reached."""
    report = oha(url, secret, seconds, cores, connections, rate)
    at = report["latencyPercentiles"]
    answered = sum(report["statusCodeDistribution"].values()) / report["summary"]["total"]
    return {
        "rate": answered, "p50_ms": at["p50"] * 1e3, "p99_ms": at["p99"] * 1e3, "longest_ms": report["summary"]["slowest"] * 1e3,
    }  # fmt: skip


def missing():
    """What is missing of the two."""
    return [name for name, path in [("oha", OHA), ("wrk", WRK)] if not shutil.which(path)]
