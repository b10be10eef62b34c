"""Runs another optimiser on the suites, through `search_quality serve`, and prints one line a run:
suite,task,seed,peer,regret@25,regret@50,regret@last

    python3 -m venv peers && peers/bin/pip install -r requirements.txt
    peers/bin/python run_peer.py --harness build/release/bench/search/search_quality \
        --peer optuna-tpe --suite s1 --parity 1 --seeds 10

Peers: optuna-tpe (Optuna's default sampler), optuna-cmaes, wandb (the open search engine of W&B, `sweeps`).
Each gets the same task, noise and seed number as ours. One process, one thread.
"""
import argparse
import os
import subprocess
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

COUNTS = {"s1": 72, "s2": 80, "s3": 8}


class Task:
    """One served task: its parameters, and a value for each point asked about."""

    def __init__(self, harness, suite, number, seed):
        self.process = subprocess.Popen([harness, "serve", suite, str(number), str(seed)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.name = self.process.stdout.readline().strip()
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
        line = " ".join("-" if parameter["name"] not in point else repr(point[parameter["name"]])
                        for parameter in self.parameters)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer.startswith("error"):
            raise ValueError(answer)
        return None if answer == "crash" else float(answer)

    def regrets(self):
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        numbers = [float(word) for word in self.process.stdout.readline().split()]
        self.process.wait()
        return numbers


def items(parameter):
    return int(parameter["numbers"][0])


def run_optuna(task, seed, trials, sampler_name):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = (optuna.samplers.TPESampler(seed=seed) if sampler_name == "optuna-tpe"
               else optuna.samplers.CmaEsSampler(seed=seed))
    study = optuna.create_study(sampler=sampler)
    for _ in range(trials):
        trial = study.ask()
        point = {}
        for parameter in task.parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if parameter["when"] and point.get(parameter["when"][0]) != parameter["when"][1]:
                continue
            if kind == "categorical":
                # Ordered lists are given as such, as a user of Optuna would.
                if len(numbers) > 1:
                    point[name] = trial.suggest_int(name, 0, items(parameter) - 1)
                else:
                    point[name] = trial.suggest_categorical(name, list(range(items(parameter))))
            elif kind == "int_uniform":
                point[name] = trial.suggest_int(name, int(numbers[0]), int(numbers[1]))
            else:
                point[name] = trial.suggest_float(name, numbers[0], numbers[1],
                                                  log=kind == "log_uniform_values")
        value = task.value(point)
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, value)


def run_wandb(task, seed, trials):
    import random
    import warnings

    import numpy
    import sweeps

    warnings.filterwarnings("ignore")
    random.seed(seed)
    numpy.random.seed(seed)
    space = {}
    for parameter in task.parameters:
        name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
        if kind == "categorical":
            # The items' numbers from 1, since the engine takes a 0 for the first item whatever it is.
            space[name] = {"values": [item + 1 for item in range(items(parameter))]}
        elif kind == "int_uniform":
            space[name] = {"distribution": kind, "min": int(numbers[0]), "max": int(numbers[1])}
        else:
            space[name] = {"distribution": kind, "min": numbers[0], "max": numbers[1]}
    config = {"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": space}
    runs = []
    for index in range(trials):
        run = sweeps.next_run(config, runs)
        values = {name: entry["value"] for name, entry in run.config.items()}
        point = {}
        for parameter in task.parameters:
            name = parameter["name"]
            if parameter["when"] and point.get(parameter["when"][0]) != parameter["when"][1]:
                continue
            point[name] = values[name] - 1 if parameter["kind"] == "categorical" else values[name]
        value = task.value(point)
        run.name = str(index)
        if value is None:
            run.state = sweeps.RunState.failed
        else:
            run.state = sweeps.RunState.finished
            run.summary_metrics = {"loss": value}
            run.history = [{"loss": value}]
        runs.append(run)


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--harness", required=True)
    arguments.add_argument("--peer", required=True, choices=["optuna-tpe", "optuna-cmaes", "wandb"])
    arguments.add_argument("--suite", required=True, choices=sorted(COUNTS))
    arguments.add_argument("--parity", type=int, default=0)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--trials", type=int, default=100)
    arguments.add_argument("--limit", type=int, default=10**9)
    given = arguments.parse_args()
    numbers = [number for number in range(COUNTS[given.suite])
               if given.parity < 0 or number % 2 == given.parity]
    for number in numbers[:given.limit]:
        for seed in range(given.seeds):
            task = Task(given.harness, given.suite, number, seed)
            if given.peer == "wandb":
                run_wandb(task, seed, given.trials)
            else:
                run_optuna(task, seed, given.trials, given.peer)
            regrets = task.regrets()
            at = [regrets[min(count, len(regrets)) - 1] for count in (25, 50, given.trials)]
            print(",".join([given.suite, task.name, str(seed), given.peer] + [f"{x:.6g}" for x in at]))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
