"""That the scoring says what its definitions say, on runs small enough to score by hand."""
import gzip
import math

import pytest
import scoring


def runs(tasks, floor=scoring.FLOOR, kind="plain"):
    """{task number: {seed: regrets}} as runs of the suite s1."""
    made = scoring.Runs(floor)
    for number, seeds in tasks.items():
        for seed, regrets in seeds.items():
            made.add(f"s1,{number},t{number},{seed},m,{kind},{' '.join(map(str, regrets))}\n")
    return made


def test_the_geometric_mean_is_over_seeds_and_then_over_tasks():
    # Task 1 has three seeds and task 2 one: they weigh the same.
    made = runs({1: {0: [0.1], 1: [0.1], 2: [0.1]}, 2: {0: [0.001]}})
    assert scoring.geometric_means(made)[2] == pytest.approx(0.01)


def test_regrets_below_the_floor_count_as_the_floor():
    assert scoring.geometric_means(runs({1: {0: [0]}, 2: {0: [-1e-3]}}))[2] == pytest.approx(1e-4)
    assert scoring.geometric_means(runs({1: {0: [0]}}, floor=1e-3))[2] == pytest.approx(1e-3)


def test_points_are_counted_in_trials_and_a_short_run_keeps_its_last_value():
    steps = [0.1] * 25 + [0.01] * 25 + [0.001] * 10
    assert scoring.geometric_means(runs({1: {0: steps}}))[:3] == pytest.approx([0.1, 0.01, 0.001])


def test_the_area_is_the_mean_over_all_trials():
    assert scoring.area([-1, -2, -3], 3) == pytest.approx(-2)
    assert scoring.area([-1, -2], 4) == pytest.approx((-1 - 2 - 2 - 2) / 4)


def test_pairs_are_of_the_same_task_and_seed_only():
    ours = runs({1: {0: [0.01], 1: [0.1], 5: [0.5]}, 3: {0: [0.5]}})
    theirs = runs({1: {0: [0.1], 1: [0.1], 6: [0.9]}, 2: {0: [0.5]}})
    pairs = scoring.paired(ours, theirs)
    assert list(pairs) == [("s1", 1)]
    assert [row[2] for row in pairs["s1", 1]] == pytest.approx([-1, 0])


def test_the_interval_of_a_constant_ratio_is_a_point_and_the_ratio_is_below_one_where_ours_is_better():
    ours = runs({n: {s: [0.01 * (n + s + 1)] for s in range(3)} for n in range(5)})
    theirs = runs({n: {s: [0.02 * (n + s + 1)] for s in range(3)} for n in range(5)})
    for ratio, low, high in scoring.bootstrap(scoring.paired(ours, theirs), draws=50):
        assert (ratio, low, high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_interval_reflects_both_tasks_and_seeds():
    def width(tasks):
        _, low, high = scoring.bootstrap(tasks, draws=500)[0]
        return math.log10(high / low)

    assert width({n: [[-1.0]] * 4 for n in range(8)}) == pytest.approx(0, abs=1e-12)
    assert width({n: [[float(n % 2)]] * 4 for n in range(8)}) > 0.3  # tasks differ
    between_seeds = width({n: [[0.0], [1.0]] for n in range(8)})
    assert 0.2 < between_seeds < 0.7  # seeds differ: 16 draws of 0 or 1, 95 % within about +-0.25


def test_wilcoxon_agrees_with_the_tables():
    # n = 8 and a rank sum of 3: of 2^8 sign patterns 5 reach it, on each side.
    assert scoring.wilcoxon([-3, 1, 2, 4, 5, 6, 7, 8]) == pytest.approx(2 * 5 / 256)
    assert scoring.wilcoxon([1, 2, 3, 4, 5]) == pytest.approx(2 / 32)
    assert scoring.wilcoxon([0, 0]) == 1
    # The normal approximation, against its formula done by hand: n = 30, all positive, W = 465.
    assert scoring.wilcoxon(range(1, 31)) == pytest.approx(math.erfc((232.5 - 0.5) / math.sqrt(2363.75) / math.sqrt(2)))
    # Ties: +-1 twice each has no sign at all.
    assert scoring.wilcoxon([1, -1, 1, -1]) == 1


def test_holm_is_monotone_and_multiplies_the_smallest_most():
    assert scoring.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert scoring.holm([0.9, 0.8]) == [1, 1]


def test_trials_to_match_is_the_first_trial_as_good_as_their_last():
    theirs = runs({1: {0: [1, 0.5, 0.1, 0.1]}, 2: {0: [1, 0.5, 0.1, 0.1]}, 3: {0: [1, 0.5, 0.1, 0.1]}})
    ours = runs({1: {0: [1, 0.1, 0.01, 0.01]}, 2: {0: [1, 1, 0.05, 0.01]}, 3: {0: [1, 1, 1, 1]}})
    assert scoring.trials_to_match(ours, theirs, 4) == 3  # of 2, 3 and never
    assert scoring.trials_to_match(runs({3: {0: [1, 1]}}), theirs, 4) == math.inf


def test_a_file_is_read_compressed_or_not_and_a_broken_line_is_named(tmp_path):
    line = "s1,1,t,0,m,mixed,0.5 0.25\n"
    (tmp_path / "a.csv").write_text(line)
    with gzip.open(tmp_path / "b.csv.gz", "wt") as file:
        file.write(line)
    for name in ("a.csv", "b.csv.gz"):
        read = scoring.read(tmp_path / name)
        assert read.tasks["s1", 1][0] == pytest.approx([math.log10(0.5), math.log10(0.25)])
        assert read.kinds["s1", 1] == "mixed"
    (tmp_path / "c.csv").write_text(line + "s1,1,t,0\n")
    with pytest.raises(ValueError, match="c.csv:2"):
        scoring.read(tmp_path / "c.csv")
    (tmp_path / "d.csv").write_text("")
    with pytest.raises(ValueError, match="holds no run"):
        scoring.read(tmp_path / "d.csv")
