#!/usr/bin/env python3
"""Run upstream's own system tests against this checkout's server.

    WANDB_SRC=DIR [GATES="A B BS C D"] tools/conformance.py [pytest arguments]

WANDB_SRC is a checkout of wandb/wandb at the tag named in tests/conformance/run.sh; upstream's code is never part
of this repository. Results lie in build/conformance. Exit status: 0 all gates passed, 1 some test failed, 2 could
not run.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.server import BINARY, Server  # noqa: E402


def main() -> int:
    if not os.environ.get("WANDB_SRC"):
        print("conformance: set WANDB_SRC to a checkout of wandb/wandb (tests/conformance/README.md)", file=sys.stderr)
        return 2
    if not BINARY.exists():
        subprocess.run(["make", "--no-print-directory", "build"], cwd=ROOT, check=True)
    results = ROOT / "build/conformance"
    results.mkdir(parents=True, exist_ok=True)
    worst = 0
    with tempfile.TemporaryDirectory(prefix="regatta-conformance-") as scratch:
        data = pathlib.Path(scratch) / "data"
        with Server.start(data, log=results / "server.log") as server:
            service = subprocess.Popen([ROOT / "tests/wire/fixture_service", "--server", server.url, "--data", data],
                                       stdout=subprocess.PIPE, text=True)
            try:
                port = re.search(r":(\d+)$", service.stdout.readline().strip()).group(1)
                for gate in os.environ.get("GATES", "A B BS C D").split():
                    command = [ROOT / "tests/conformance/run.sh", str(server.port), port, gate, *sys.argv[1:]]
                    environment = dict(os.environ, CONFORMANCE_OUT=str(results))
                    # A shell starts its background jobs with SIGINT ignored, and tests of agents send one.
                    done = subprocess.run(command, env=environment, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
                    worst = max(worst, done.returncode)
            finally:
                service.terminate()
                service.wait()
    return worst


if __name__ == "__main__":
    sys.exit(main())
