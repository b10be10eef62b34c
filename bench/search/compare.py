"""Compares result files of search_quality and run_peer.py, pairing task, noise and seed.

    python3 compare.py REFERENCE.csv OTHER.csv ...

A file may be compressed (.gz). Prints for each file the geometric mean of the regret (floor 1e-4) after 25, 50 and
all trials, and its ratio to the reference with a 95 % interval by a hierarchical bootstrap over tasks, then seeds.
"""
import collections
import csv
import gzip
import math
import random
import sys

FLOOR = 1e-4
DRAWS = 2000


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as lines:
        return {(row[0], row[1], int(row[2])): [math.log(max(FLOOR, float(x))) for x in row[4:]]
                for row in csv.reader(lines) if len(row) == 7}


def mean(numbers):
    return sum(numbers) / len(numbers)


def compare(reference, other, column, chance):
    """The geometric mean of `other`, and its ratio to `reference` with the interval's ends."""
    values = collections.defaultdict(list)
    ratios = collections.defaultdict(list)
    for key in sorted(set(reference) & set(other)):
        values[key[:2]].append(other[key][column])
        ratios[key[:2]].append(other[key][column] - reference[key][column])
    tasks = list(ratios.values())
    draws = sorted(mean([mean(chance.choices(task, k=len(task))) for task in chance.choices(tasks, k=len(tasks))])
                   for _ in range(DRAWS))
    return [math.exp(x) for x in (mean([mean(task) for task in values.values()]), mean([mean(task) for task in tasks]),
                                  draws[DRAWS // 40], draws[-DRAWS // 40])]


def main(paths):
    if len(paths) < 2:
        sys.exit(__doc__)
    reference = read(paths[0])
    for path in paths[1:]:
        other = read(path)
        shared = set(reference) & set(other)
        if not shared:
            sys.exit(f"{path}: no run in common with {paths[0]}")
        cells = [compare(reference, other, column, random.Random(1)) for column in range(3)]
        print(f"{path}  {len({key[:2] for key in shared})} tasks, {len(shared)} runs  " + "  ".join(
            f"@{name} {cell[0]:.4f} ({cell[1]:.2f} [{cell[2]:.2f}, {cell[3]:.2f}])"
            for name, cell in zip(("25", "50", "end"), cells)))


if __name__ == "__main__":
    main(sys.argv[1:])
