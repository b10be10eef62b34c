#!/usr/bin/env python3
"""Run the other optimisers on the claim set and store their trajectories with their versions.

    bench/search/peers.py                          all of them, 10 seeds each
    bench/search/peers.py optuna-tpe --seeds 10 --budget 3600

Needs build/release/bench/search/search_quality. Each peer gets a pinned environment of its own (tools/venv.py); the
first run makes it, which for those built on torch takes gigabytes. Runs that are already stored for that version are
kept and not run again; a budget (seconds a peer) ends between two runs, with all tasks of a seed before the next seed.
The results are bench/search/results/claim-PEER-VERSION.csv.gz; older versions of the same peer are removed.
"""
import argparse
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = HERE / "results"
# Peer: (environment, package whose version names the results).
PEERS = {
    "optuna-gp": ("peer-optuna", "optuna"),
    "optuna-tpe": ("peer-optuna", "optuna"),
    "wandb-sweeps": ("peer-sweeps", "sweeps"),
    "hebo-rounds8": ("peer-hebo", "HEBO"),
    "smac": ("peer-smac", "smac"),
    "ax": ("peer-ax", "ax-platform"),
}


def version(environment: str, package: str) -> str:
    """The pinned version. Raises RuntimeError when the requirements do not pin it."""
    path = ROOT / tables.environments.ENVIRONMENTS[environment]
    found = re.search(rf"^{re.escape(package)}==(\S+)", path.read_text(), re.M | re.I)
    if not found:
        raise RuntimeError(f"{path} pins no version of {package}")
    return found.group(1)


def store(lines: str, peer: str, name: str) -> None:
    target = RESULTS / f"claim-{peer}-{name}.csv.gz"
    RESULTS.mkdir(exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(gzip.compress(lines.encode(), mtime=0))
    part.rename(target)
    for old in RESULTS.glob(f"claim-{peer}-*.csv.gz"):
        if old != target:
            old.unlink()


def run(peer: str, harness: pathlib.Path, seeds: int, budget: float) -> int:
    environment, package = PEERS[peer]
    python = tables.environments.ensure(environment) / "bin/python"
    name = version(environment, package)
    stored = RESULTS / f"claim-{peer}-{name}.csv.gz"
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "runs.csv"
        if stored.exists():
            lines.write_bytes(gzip.decompress(stored.read_bytes()))
        code = subprocess.run([python, HERE / "peers/run_peer.py", "--harness", harness, "--peer", peer, "--set", "claim",
                               "--seeds", str(seeds), "--budget", str(budget), "--output", lines],
                              env=dict(os.environ, REGATTA_SEARCH_TABLES=str(tables.ensure()))).returncode
        if lines.exists():
            store(lines.read_text(), peer, name)
    return code


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("peer", nargs="*", help=f"of {', '.join(PEERS)}; all when none is named")
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--budget", type=float, default=1e9, help="seconds for each peer")
    arguments.add_argument("--harness", type=pathlib.Path, default=ROOT / "build/release/bench/search/search_quality")
    given = arguments.parse_args()
    unknown = sorted(set(given.peer) - set(PEERS))
    if unknown:
        arguments.error(f"no peer is called {', '.join(unknown)}: choose from {', '.join(PEERS)}")
    if not given.harness.exists():
        print(f"peers: there is no {given.harness}: build it with ninja -C build/release search_quality", file=sys.stderr)
        return 2
    failed = []
    for peer in given.peer or PEERS:
        try:
            if run(peer, given.harness, given.seeds, given.budget) != 0:
                failed.append(peer)
        except RuntimeError as error:
            print(f"peers: {peer}: {error}", file=sys.stderr)
            failed.append(peer)
    if failed:
        print(f"peers: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
