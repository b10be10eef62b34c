"""Epochs to equal regret on suite S5, from the lines that `search_curves` prints.

  curve_report.py REFERENCE FILE...

Regret curves are geometric means over the seeds of a task (floor 1e-4). For each method: the geometric mean regret
over tasks after an eighth, a quarter, half and all of the epochs; its ratio to REFERENCE at the end; the epochs at
which it is as good as REFERENCE at the end, as a share of REFERENCE's epochs (geometric mean and median over tasks; a
method that never gets there counts as needing all of them twice); the share of stopped trials that would have finished
among the best tenth. In brackets the 95 % bootstrap over tasks.
"""

import collections
import math
import random
import sys

FLOOR = 1e-4


def read(paths):
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    stops = collections.defaultdict(lambda: [0, 0, 0])
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                task, _, method, workers, trials, stopped, wrong, *regrets = line.strip().split(",")
                key = f"{method} ({workers} workers)"
                runs[key][task].append([math.log(max(float(r), FLOOR)) for r in regrets])
                for i, count in enumerate((trials, stopped, wrong)):
                    stops[key][i] += int(count)
    return runs, stops


def mean(values):
    return sum(values) / len(values)


def curve(runs):
    return [mean(column) for column in zip(*runs, strict=True)]


def share_of_epochs(ours, goal):
    """Where `ours` first reaches `goal` for good, as a share of the whole length; 2 if nowhere."""
    last = len(ours) - 1
    for k, value in enumerate(ours):
        if value <= goal + 1e-9:
            if k == 0:
                return 2 ** (-last / 4)
            before = ours[k - 1]
            part = (before - goal) / (before - value) if before > value else 1.0
            return 2 ** ((k - 1 + part - last) / 4)
    return 2.0


def interval(values, center):
    rng = random.Random(1)
    draws = sorted(center([rng.choice(values) for _ in values]) for _ in range(1000))
    return f"{center(values):.2f} [{draws[25]:.2f}, {draws[974]:.2f}]"


def main():
    reference, paths = sys.argv[1], sys.argv[2:]
    runs, stops = read(paths)
    base = {task: curve(lines) for task, lines in runs[reference].items()}
    print("| method | tasks | runs | 1/8 | 1/4 | 1/2 | all | ratio | epochs to equal regret | median | trials | wrong stops |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for key, tasks in sorted(runs.items()):
        common = [task for task in tasks if task in base]
        curves = [curve(tasks[task]) for task in common]
        at = [math.exp(mean([c[max(len(c) - 1 - back, 0)] for c in curves])) for back in (12, 8, 4, 0)]
        gaps = [c[-1] - base[task][-1] for task, c in zip(common, curves, strict=True)]
        shares = [math.log(share_of_epochs(c, base[task][-1])) for task, c in zip(common, curves, strict=True)]
        trials, stopped, wrong = stops[key]
        count = sum(len(lines) for lines in tasks.values())
        median = math.exp(sorted(shares)[len(shares) // 2])
        wrong_share = f"{100 * wrong / stopped:.1f} %" if stopped else "–"
        print(f"| {key} | {len(common)} | {count} | " + " | ".join(f"{value:.4f}" for value in at) +
              f" | {interval(gaps, lambda v: math.exp(mean(v)))} | {interval(shares, lambda v: math.exp(mean(v)))} | "
              f"{median:.2f} | {trials / count:.0f} | {wrong_share} |")


if __name__ == "__main__":
    main()
