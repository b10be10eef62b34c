"""How results of the suites are scored. Standard library only.

A run's score after k trials is log10(regret after k), floored: the true value of the trial that looked best, between
the optimum (0) and the median of random points (1). A method's figure is 10^(mean over tasks of the mean over seeds),
the geometric mean of the regret. Two methods are compared on the tasks that both have.
"""
import collections
import gzip
import itertools
import math
import pathlib
import random
import statistics

FLOOR = 1e-4
POINTS = (25, 50, 100)
DRAWS = 2000


class Runs:
    """Trajectories of one method: {(suite, number): {seed: [log10 of the floored regret after each trial]}}."""

    def __init__(self, floor=FLOOR):
        self.floor = floor
        self.method = ""
        self.tasks = collections.defaultdict(dict)
        self.kinds = {}

    def add(self, line):
        """Takes a line of search_quality or run_peer.py. Raises ValueError naming what is wrong with it."""
        fields = line.rstrip("\n").split(",")
        if len(fields) != 7:
            raise ValueError(f"expected suite,number,task,seed,method,kind,regrets, not: {line[:120]!r}")
        suite, number, _, seed, self.method, kind, regrets = fields
        scores = [math.log10(max(self.floor, float(regret))) for regret in regrets.split()]
        if not scores:
            raise ValueError(f"a run without a trial: {line[:120]!r}")
        task = (suite, int(number))
        self.kinds[task] = kind
        self.tasks[task][int(seed)] = scores

    def seeds(self):
        """The fewest and the most seeds that a task has."""
        counts = [len(runs) for runs in self.tasks.values()]
        return min(counts), max(counts)

    def only(self, keep):
        """The same method on the tasks for which keep(task, kind) holds."""
        kept = Runs(self.floor)
        kept.method = self.method
        kept.kinds = self.kinds
        kept.tasks = {task: runs for task, runs in self.tasks.items() if keep(task, self.kinds[task])}
        return kept


def read(path, floor=FLOOR):
    """Reads a file of trajectories, compressed where its name ends in .gz; a line cut off by a crash is refused."""
    path = pathlib.Path(path)
    runs = Runs(floor)
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        for number, line in enumerate(lines, 1):
            try:
                runs.add(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from None
    if not runs.tasks:
        raise ValueError(f"{path}: holds no run")
    return runs


def at(scores, point):
    """The score after `point` trials; of a run that used up its space, the last one."""
    return scores[min(point, len(scores)) - 1]


def area(scores, last):
    """The mean score over trials 1 to `last`, so that early trials count."""
    return statistics.fmean(at(scores, point) for point in range(1, last + 1))


def columns(scores, last=100):
    """What a run is judged by: the scores at POINTS (as far as `last` goes), and the area."""
    return [at(scores, point) for point in POINTS if point <= last] + [area(scores, last)]


def geometric_means(runs, last=100):
    per_task = [[statistics.fmean(column) for column in zip(*(columns(scores, last) for scores in seeds.values()))]
                for seeds in runs.tasks.values()]
    return [10 ** statistics.fmean(column) for column in zip(*per_task)]


def paired(ours, theirs, last=100):
    """For each task of both, for each seed of both, the difference of the columns: negative where ours is better."""
    tasks = {}
    for task in sorted(set(ours.tasks) & set(theirs.tasks)):
        shared = sorted(set(ours.tasks[task]) & set(theirs.tasks[task]))
        if shared:
            tasks[task] = [[a - b for a, b in zip(columns(ours.tasks[task][seed], last),
                                                  columns(theirs.tasks[task][seed], last))] for seed in shared]
    return tasks


def mean_columns(rows):
    return [statistics.fmean(column) for column in zip(*rows)]


def bootstrap(tasks, draws=DRAWS, seed=1):
    """Hierarchical: tasks are drawn with replacement, then the seeds within each. `tasks` is as of `paired`.

    Returns [(ratio, low, high)] for each column: the ratio of geometric means and the ends of its 95 % interval.
    """
    chance = random.Random(seed)
    groups = list(tasks.values())
    point = mean_columns([mean_columns(group) for group in groups])
    drawn = [mean_columns([mean_columns(chance.choices(group, k=len(group))) for group in chance.choices(groups, k=len(groups))])
             for _ in range(draws)]
    answer = []
    for index, value in enumerate(point):
        ordered = sorted(row[index] for row in drawn)
        answer.append((10 ** value, 10 ** quantile(ordered, 0.025), 10 ** quantile(ordered, 0.975)))
    return answer


def quantile(ordered, share):
    """Linear interpolation between the order statistics (Hyndman and Fan 1996, type 7)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def wilcoxon(differences):
    """Two-sided p of the signed-rank test (Wilcoxon 1945) that the differences are symmetric around 0.

    Zeros are dropped, ties share their ranks; normal approximation with corrections for ties and continuity, exact
    below 26 differences without ties.
    """
    values = sorted((x for x in differences if x != 0), key=abs)
    n = len(values)
    if n == 0:
        return 1.0
    ranks, ties, place = [], 0, 1
    for _, group in itertools.groupby(values, key=abs):
        size = len(list(group))
        ranks += [place + (size - 1) / 2] * size
        ties += size ** 3 - size
        place += size
    total = n * (n + 1) / 2
    positive = sum(rank for rank, value in zip(ranks, values) if value > 0)
    smaller = min(positive, total - positive)
    if ties == 0 and n < 26:
        ways = [1] + [0] * (n * (n + 1) // 2)  # ways[s]: sets of ranks that sum to s
        for rank in range(1, n + 1):
            for s in range(len(ways) - 1, rank - 1, -1):
                ways[s] += ways[s - rank]
        return min(1.0, 2 * sum(ways[: int(smaller) + 1]) / 2 ** n)
    deviation = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48)
    z = max(0.0, abs(positive - total / 2) - 0.5) / deviation
    return math.erfc(z / math.sqrt(2))


def holm(ps):
    """Adjusted p of each hypothesis (Holm 1979), in the order given."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted, worst = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = worst
    return adjusted


def mean_curve(seeds, last):
    return [statistics.fmean(at(scores, point) for scores in seeds.values()) for point in range(1, last + 1)]


def trials_to_match(ours, theirs, last=100):
    """The median over tasks of the first trial after which our mean score is as good as theirs after `last`.

    A task on which it never is counts as infinite.
    """
    needed = []
    for task in set(ours.tasks) & set(theirs.tasks):
        goal = mean_curve(theirs.tasks[task], last)[-1]
        curve = mean_curve(ours.tasks[task], max(len(scores) for scores in ours.tasks[task].values()))
        needed.append(next((point for point, score in enumerate(curve, 1) if score <= goal + 1e-12), math.inf))
    return statistics.median(needed)
