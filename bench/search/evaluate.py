#!/usr/bin/env python3
"""Score Regatta's search on the held-out tasks against the stored trajectories of the peers; prints Markdown.

    bench/search/evaluate.py [--seeds 30] [--method bayes] [--setting NAME=VALUE]...
    bench/search/evaluate.py --ours FILE [--peers FILE...]        score what is there, run nothing
    bench/search/evaluate.py --asynchronous [--seeds 5] [--trials 500]

Runs `search_quality run claim METHOD` (two processes share the seeds), writes what it printed to --output, and
compares it with bench/search/results. --asynchronous compares 64 workers with one, both ours, at --trials trials.
Definitions are in scoring.py. An interval is 95 %, by a hierarchical bootstrap over tasks, then seeds; pairs are of the
same task, noise and seed number. p: two-sided Wilcoxon on the means of the tasks at 100 trials, Holm-corrected over the
peers. Tune on the even tasks, never on these.
"""
import argparse
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import scoring
import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HARNESS = ROOT / "build/release/bench/search/search_quality"
SUITES = {"s1": "S1 (BBOB)", "s2": "S2 (HPO-like)", "s3": "S3 (tables)"}
PROCESSES = 2


def run_ours(order, seeds, output):
    """Runs search_quality with its seeds shared out to two processes; appends what they print to `output`."""
    if not HARNESS.exists():
        raise RuntimeError(f"there is no {HARNESS}: build it with ninja -C build/release search_quality")
    environment = dict(os.environ, REGATTA_SEARCH_TABLES=str(tables.ensure()))
    running = []
    for process in range(PROCESSES):
        first, end = seeds * process // PROCESSES, seeds * (process + 1) // PROCESSES
        if first < end:
            part = tempfile.TemporaryFile("w+")
            command = [HARNESS, "run", *order, f"first={first}", f"seeds={end - first}"]
            running.append((subprocess.Popen(command, stdout=part, env=environment), part))
    failed = 0
    with open(output, "w") as file:
        for process, part in running:
            failed |= process.wait()
            part.seek(0)
            file.write(part.read())
    if failed:
        raise RuntimeError(f"search_quality run {' '.join(order)} failed; what it printed until then is in {output}")


def seeds_text(runs):
    low, high = runs.seeds()
    return str(low) if low == high else f"{low}-{high}"


def ratio_text(cell):
    return f"{cell[0]:.2f} [{cell[1]:.2f}, {cell[2]:.2f}]"


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def table_of_means(methods):
    row("method", "tasks", "seeds", "@25", "@50", "@100", "area")
    row(*["---"] * 7)
    for name, runs in methods:
        row(name, len(runs.tasks), seeds_text(runs), *(f"{x:.4f}" for x in scoring.geometric_means(runs)))


def table_of_ratios(ours, peers, trials=100):
    """Ratios below 1 are in our favour."""
    pairs = [(name, theirs, scoring.paired(ours, theirs, trials)) for name, theirs in peers]
    pairs = [(name, theirs, tasks) for name, theirs, tasks in pairs if tasks]
    adjusted = scoring.holm([scoring.wilcoxon([scoring.mean_columns(rows)[-2] for rows in tasks.values()])
                             for _, _, tasks in pairs])
    row("ours / peer", "tasks", "pairs", "@25", "@50", "@100", "area", "p @100", "won-tied-lost", "trials to match")
    row(*["---"] * 10)
    for (name, theirs, tasks), p in zip(pairs, adjusted):
        shared = ours.only(lambda task, _: task in tasks)
        means = [scoring.mean_columns(rows)[-2] for rows in tasks.values()]
        won, tied = sum(mean < -1e-9 for mean in means), sum(abs(mean) <= 1e-9 for mean in means)
        match = scoring.trials_to_match(shared, theirs)
        row(name, len(tasks), sum(map(len, tasks.values())), *map(ratio_text, scoring.bootstrap(tasks, seed=1)),
            f"{p:.2g}", f"{won}-{tied}-{len(tasks) - won - tied}", "never" if math.isinf(match) else f"{match:g}")


def table_of_groups(ours, peers):
    groups = [(text, lambda task, kind, suite=suite: task[0] == suite) for suite, text in SUITES.items()]
    groups += [("conditional", lambda task, kind: kind == "conditional"),
               ("conditional and mixed", lambda task, kind: kind in ("conditional", "mixed"))]
    row("ours / peer @100", *(text for text, _ in groups))
    row(*["---"] * (len(groups) + 1))
    for name, theirs in peers:
        cells = []
        for _, keep in groups:
            tasks = scoring.paired(ours.only(keep), theirs)
            cells.append(f"{ratio_text(scoring.bootstrap(tasks)[-2])} ({len(tasks)})" if tasks else "-")
        row(name, *cells)


def report(ours_path, peer_paths):
    for floor in (scoring.FLOOR, 1e-3):
        ours = scoring.read(ours_path, floor)
        name_of = lambda path: pathlib.Path(path).name.split(".csv")[0].removeprefix("claim-")  # noqa: E731
        peers = [(name_of(path), scoring.read(path, floor)) for path in peer_paths]
        # Peers say the kind of a task only where they were served it by this harness; ours always does.
        print(f"\nGeometric mean of the regret, floor {floor:g}:\n")
        table_of_means([(f"regatta {ours.method}", ours), *peers])
        print(f"\nPaired ratios, floor {floor:g} (below 1: ours is better):\n")
        table_of_ratios(ours, peers)
        if floor == scoring.FLOOR:
            print("\nBy suite and kind of task, paired (number of tasks):\n")
            table_of_groups(ours, peers)


def asynchronous(method, settings, seeds, trials, folder):
    files = []
    for workers in (1, 64):
        files.append(folder / f"claim-{method}-{workers}-workers.csv")
        run_ours(["claim", method, *settings, f"trials={trials}", f"workers={workers}"], seeds, files[-1])
    compare_workers(*files, trials)


def compare_workers(sequential, parallel, trials):
    one, many = scoring.read(sequential), scoring.read(parallel)
    row("method", "tasks", "seeds", f"@{trials}")
    row(*["---"] * 4)
    for runs in (one, many):
        mean = 10 ** scoring.statistics.fmean(
            scoring.mean_curve(seeds, trials)[-1] for seeds in runs.tasks.values())
        row(f"regatta {runs.method}", len(runs.tasks), seeds_text(runs), f"{mean:.5f}")
    tasks = {task: [[scoring.at(many.tasks[task][seed], trials) - scoring.at(seeds[seed], trials)]
                    for seed in seeds if seed in many.tasks.get(task, {})] for task, seeds in one.tasks.items()}
    ratio = scoring.bootstrap({task: rows for task, rows in tasks.items() if rows})[0]
    print(f"\n64 workers / one worker at {trials} trials, paired: {ratio_text(ratio)}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--method", default="bayes")
    arguments.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    arguments.add_argument("--seeds", type=int, default=30)
    arguments.add_argument("--trials", type=int, default=500, help="of --asynchronous")
    arguments.add_argument("--ours", type=pathlib.Path)
    arguments.add_argument("--peers", type=pathlib.Path, nargs="+", default=sorted((HERE / "results").glob("claim-*.csv.gz")))
    arguments.add_argument("--output", type=pathlib.Path, default=ROOT / "build/release/bench/search")
    arguments.add_argument("--asynchronous", action="store_true")
    given = arguments.parse_args()
    try:
        if given.asynchronous:
            asynchronous(given.method, given.setting, given.seeds, given.trials, given.output)
            return 0
        ours = given.ours
        if ours is None:
            ours = given.output / f"claim-{given.method}.csv"
            run_ours(["claim", given.method, *given.setting], given.seeds, ours)
        report(ours, given.peers)
    except (RuntimeError, ValueError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
