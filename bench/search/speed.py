#!/usr/bin/env python3
"""Time suggestions of ours and of Optuna's samplers in one run, on the same space and histories.

    bench/search/speed.py [--n 100 1000] [--d 10] [--budget SECONDS] [--json FILE] [--only-ours] [--python PATH]

Ours are the cases of regatta_search_benchmark (build it first) with these n and d; all its counters are kept. The
peers run in the environment `peer-optuna` of tools/venv.py, or by the interpreter PATH. A peer's call is one ask of a
study that holds n finished trials; each case ends after 200 calls or its budget, but not before three. One thread,
processor time (a busy machine makes wall time longer) and wall time, in milliseconds.
"""
import argparse
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BENCHMARK = ROOT / "build/release/src/search/regatta_search_benchmark"
PEERS = ("optuna-tpe", "optuna-gp")
CALLS = 200
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def quantile(laps, q):
    """The smallest lap that a share q of all does not exceed."""
    return sorted(laps)[max(1, math.ceil(q * len(laps))) - 1]


def ours(sizes, dimensions):
    """{case: counters}; cases are called like those of the benchmark, n:100/d:10/pending:0, say."""
    if not BENCHMARK.exists():
        raise RuntimeError(f"{BENCHMARK} is not there: build regatta_search_benchmark first")
    numbers = "|".join(str(n) for n in sizes)
    pattern = f"/n:({numbers})/d:{dimensions}/|HundredSweeps"
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        subprocess.run([BENCHMARK, f"--benchmark_filter={pattern}", "--benchmark_out_format=json", f"--benchmark_out={out}"],
                       check=True, stdout=subprocess.DEVNULL)
        found = json.loads(out.read_text())["benchmarks"]
    usual = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
             "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit"}
    return {case["name"].split("/iterations")[0]: {"calls": case["iterations"],
                                                   **{key: case[key] for key in case if key not in usual}} for case in found}


def distributions(optuna, dimensions):
    """The mixed space of search_benchmark.cc."""
    make = [lambda: optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
            lambda: optuna.distributions.FloatDistribution(0, 1),
            lambda: optuna.distributions.IntDistribution(1, 8),
            lambda: optuna.distributions.CategoricalDistribution([16, 32, 64, 128, 256]),
            lambda: optuna.distributions.CategoricalDistribution(["a", "b", "c", "d"]),
            lambda: optuna.distributions.IntDistribution(10, 2000)]
    kinds = [0, 1, 2, 3, 4] if dimensions < 10 else [0, 1, 0, 1, 0, 1, 2, 3, 4, 5]
    return {f"p{i}": make[kinds[i % len(kinds)]]() for i in range(dimensions)}


def value_at(distribution, u):
    if hasattr(distribution, "choices"):
        return distribution.choices[min(int(u * len(distribution.choices)), len(distribution.choices) - 1)]
    if distribution.log:
        return math.exp(math.log(distribution.low) + u * (math.log(distribution.high) - math.log(distribution.low)))
    value = distribution.low + u * (distribution.high - distribution.low)
    return round(value) if isinstance(distribution.low, int) and isinstance(distribution.high, int) else value


def measure_peer(peer, n, dimensions, budget):
    """Runs inside the peer's environment."""
    import warnings

    import optuna

    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    make = {"optuna-tpe": optuna.samplers.TPESampler, "optuna-gp": optuna.samplers.GPSampler}[peer]
    study = optuna.create_study(sampler=make(seed=1))
    space = distributions(optuna, dimensions)
    chance = random.Random(3)
    for _ in range(n):
        u = [chance.random() for _ in range(dimensions)]
        study.add_trial(optuna.trial.create_trial(
            params={name: value_at(space[name], u[i]) for i, name in enumerate(space)}, distributions=space,
            value=sum((x - 0.3) ** 2 for x in u) + 0.01 * chance.gauss(0, 1)))
    cpu, wall = [], []
    begun = time.monotonic()
    while len(wall) < CALLS and (len(wall) < 3 or time.monotonic() - begun < budget):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        trial = study.ask(space)
        wall.append(1e3 * (time.perf_counter() - wall_start))
        cpu.append(1e3 * (time.process_time() - cpu_start))
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return {"calls": len(wall), "version": optuna.__version__, "cpu_p50": quantile(cpu, 0.5), "cpu_p99": quantile(cpu, 0.99),
            "wall_p50": quantile(wall, 0.5), "wall_p99": quantile(wall, 0.99)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--n", type=int, nargs="+", default=[100, 1000])
    arguments.add_argument("--d", type=int, default=10, choices=(5, 10, 30))
    arguments.add_argument("--budget", type=float, default=60)
    arguments.add_argument("--json", type=pathlib.Path)
    arguments.add_argument("--only-ours", action="store_true")
    arguments.add_argument("--python")
    arguments.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.peer:
        print(json.dumps(measure_peer(chosen.peer, chosen.n[0], chosen.d, chosen.budget)))
        return 0
    results = {f"regatta {case}": counters for case, counters in ours(chosen.n, chosen.d).items()}
    if not chosen.only_ours:
        python = chosen.python
        if python is None:
            sys.path.insert(0, str(ROOT / "tools"))
            import venv as environments  # tools/venv.py

            python = environments.ensure("peer-optuna") / "bin/python"
        for peer in PEERS:
            for n in chosen.n:
                done = subprocess.run([python, __file__, "--peer", peer, "--n", str(n), "--d", str(chosen.d),
                                       "--budget", str(chosen.budget)], check=True, stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, **ONE_THREAD})
                results[f"{peer} ask/n:{n}/d:{chosen.d}/pending:0"] = json.loads(done.stdout)
    print("| case | calls | cpu p50 | cpu p99 | wall p50 | wall p99 |\n| --- | --- | --- | --- | --- | --- |")
    for case, counters in results.items():
        if "cpu_p50" in counters:
            cells = " | ".join(f"{counters[key]:.3g}" for key in ("cpu_p50", "cpu_p99", "wall_p50", "wall_p99"))
            print(f"| {case} | {counters['calls']} | {cells} |")
        else:
            print(f"| {case} | {counters['calls']} | " + ", ".join(
                f"{key} {value:.3g}" for key, value in counters.items() if key != "calls") + " | | | |")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
