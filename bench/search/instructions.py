#!/usr/bin/env python3
"""Count the instructions of one suggestion: a figure that a busy machine does not change.

    bench/search/instructions.py [--n 100 1000] [--d 10]

Runs the cases of regatta_search_benchmark (build it first) under valgrind's callgrind, counting only inside
BayesSampler::Suggest, and prints millions of instructions a suggestion. valgrind offers AVX2 at most, so the figures are
those of that vector unit, and compare with others of the same compiler only. About a minute for each thousand results.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCHMARK = ROOT / "build/release/src/search/regatta_search_benchmark"
CALLS = 200  # of a case


def instructions(n, d):
    """Instructions of one suggestion after n results in d dimensions, nothing open."""
    run = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*BayesSampler::Suggest*",
                          "--callgrind-out-file=/dev/null", BENCHMARK, f"--benchmark_filter=BM_Suggest/bayes/n:{n}/d:{d}/pending:0/"],
                         capture_output=True, text=True)
    calls = re.search(rf"/iterations:{CALLS}\s", run.stdout)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not calls or not collected or collected[1] == "0":
        raise RuntimeError(f"n={n} d={d}: no case of that size was counted; valgrind said:\n{run.stderr[-1000:]}")
    return int(collected[1]) / CALLS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--d", type=int, default=10)
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions: valgrind is not installed (apt-get install valgrind); nothing was counted")
        return 0
    if not BENCHMARK.exists():
        print(f"instructions: {BENCHMARK} is not there: build regatta_search_benchmark first", file=sys.stderr)
        return 1
    for n in options.n:
        print(f"suggest, {n} results, d {options.d}: {instructions(n, options.d) / 1e6:.1f} million instructions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
