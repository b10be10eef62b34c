"""Runs one other optimiser on a set of tasks, through `search_quality serve`, inside its own environment.

    python run_peer.py --harness PATH --peer NAME --set claim --seeds 10 --budget 3600 --output FILE.csv

bench/search/peers.py makes the environments, calls this and stores what it writes. Each peer gets the same tasks, noise
and seed numbers as ours. One process, one thread. All tasks of a seed come before the next seed, so that a run that its
budget (seconds) ended is balanced over the tasks; lines that FILE already has are not run again. A line is

    suite,number,task,seed,method,kind,regret after each trial (space-separated)
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

from adapters import PEERS  # noqa: E402  (the threads are counted when the peer's libraries load)


class Task:
    """One served task: its parameters, and a value for each point asked about."""

    def __init__(self, harness, suite, number, seed):
        self.process = subprocess.Popen([harness, "serve", suite, str(number), str(seed)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.name, _, self.kind = self.process.stdout.readline().strip().partition(",")
        if not self.kind:
            raise RuntimeError(f"{harness} serve {suite} {number} ended at once")
        self.parameters = []
        for _ in range(int(self.process.stdout.readline())):
            words = self.process.stdout.readline().split()
            when = None
            if "when" in words:
                place = words.index("when")
                when = (words[place + 1], int(words[place + 2]))
                words = words[:place]
            self.parameters.append({"name": words[0], "kind": words[1],
                                    "numbers": [float(word) for word in words[2:]], "when": when})

    def value(self, point):
        """Takes {name: number}, absent where inactive; None when the run crashes."""
        line = " ".join(repr(point[parameter["name"]]) if parameter["name"] in point else "-" for parameter in self.parameters)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer.startswith("error") or not answer:
            raise ValueError(f"{line}: {answer}")
        return None if answer == "crash" else float(answer)

    def regrets(self):
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        numbers = self.process.stdout.readline().split()
        self.process.wait()
        return numbers


def optimise(task, peer, seed, trials):
    batch, make = PEERS[peer]
    optimiser = make(task.parameters, seed, trials)
    done = 0
    while done < trials:
        # A whole round is asked for also at the end; what goes beyond the budget is not evaluated.
        for handle, point in optimiser.ask(batch)[:trials - done]:
            optimiser.tell(handle, task.value(point))
            done += 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--harness", required=True)
    arguments.add_argument("--peer", required=True, choices=sorted(PEERS))
    arguments.add_argument("--set", default="claim")
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--trials", type=int, default=100)
    arguments.add_argument("--budget", type=float, default=1e9)
    arguments.add_argument("--output", required=True, type=pathlib.Path)
    given = arguments.parse_args()
    listed = subprocess.run([given.harness, "list", given.set], check=True, capture_output=True, text=True).stdout
    tasks = [line.split(",")[:2] for line in listed.splitlines()]
    have = set()
    if given.output.exists():
        have = {tuple(line.split(",")[index] for index in (0, 1, 3)) for line in given.output.read_text().splitlines()}
    end = time.monotonic() + given.budget
    for seed in range(given.seeds):
        for suite, number in tasks:
            if (suite, number, str(seed)) in have:
                continue
            if time.monotonic() > end:
                return 0
            task = Task(given.harness, suite, int(number), seed)
            start = time.monotonic()
            try:
                optimise(task, given.peer, seed, given.trials)
            except Exception as error:  # a peer's own fault must not end the others' tasks; it is told and left out
                print(f"{given.peer} {suite} {number} seed {seed}: {type(error).__name__}: {error}", file=sys.stderr)
                task.process.kill()
                continue
            regrets = task.regrets()
            print(f"{given.peer} {task.name} seed {seed}: {regrets[-1]} in {time.monotonic() - start:.1f} s", file=sys.stderr)
            with open(given.output, "a") as output:
                output.write(",".join([suite, number, task.name, str(seed), given.peer, task.kind, " ".join(regrets)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
