"""Population based training on the suite "population", from the lines that `search_population` prints.

  population_report.py REFERENCE FILE...

Score: the share of the best possible progress that the member which looks best is missing (floor 0.01), its geometric
mean over seeds, then tasks. Ratios are paired by task and seed; in brackets the 95 % bootstrap over tasks, then seeds
(scoring.py).
"""
import collections
import math
import statistics
import sys

import scoring

FLOOR = 1e-2
FAMILIES = ("drift", "sgd", "waves")


def read(paths):
    """{method: {(family, number): {seed: [log10 of the missing share after half of the intervals, after all]}}}"""
    methods = collections.defaultdict(lambda: collections.defaultdict(dict))
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                _, number, _, seed, method, family, missing = line.rstrip("\n").split(",")
                scores = [math.log10(max(FLOOR, float(share))) for share in missing.split()]
                methods[method][family, int(number)][int(seed)] = [scores[len(scores) // 2 - 1], scores[-1]]
    return methods


def differences(ours, reference):
    tasks = {}
    for task in sorted(set(ours) & set(reference)):
        shared = sorted(set(ours[task]) & set(reference[task]))
        if shared:
            tasks[task] = [[a - b for a, b in zip(ours[task][seed], reference[task][seed])] for seed in shared]
    return tasks


def interval(tasks, column):
    point, low, high = scoring.bootstrap(tasks)[column]
    return f"{point:.2f} [{low:.2f}, {high:.2f}]"


def main():
    reference, methods = sys.argv[1], read(sys.argv[2:])
    print("| method | tasks | runs | missing, half | missing, end | ratio, half | ratio, end | " + " | ".join(FAMILIES) + " | won-lost |")
    print("| --- " * (8 + len(FAMILIES)) + "|")
    for name, tasks in methods.items():
        means = [[statistics.fmean(column) for column in zip(*seeds.values())] for seeds in tasks.values()]
        half, end = (10 ** statistics.fmean(column) for column in zip(*means))
        paired = differences(tasks, methods[reference])
        ends = [statistics.fmean(row[1] for row in rows) for rows in paired.values()]
        families = [interval({task: rows for task, rows in paired.items() if task[0] == family}, 1)
                    for family in FAMILIES if any(task[0] == family for task in paired)]
        print(f"| {name} | {len(tasks)} | {sum(map(len, tasks.values()))} | {half:.3f} | {end:.3f} | {interval(paired, 0)} | "
              f"{interval(paired, 1)} | " + " | ".join(families) +
              f" | {sum(end < 0 for end in ends)}-{sum(end > 0 for end in ends)} |")


if __name__ == "__main__":
    main()
