"""The peers behind one interface, each as its own documentation says an objective of this shape is given to it.

A peer has `ask(count)`, which returns (handle, point) pairs, and `tell(handle, value)`, where a value of None is a run
that crashed; what a crash teaches is left to the peer's own mechanism. A point is {name: number}: the number of the
item for lists, absent where inactive. A peer that knows no conditional parameters searches all of them, always; those
that are inactive are then dropped before the task sees the point, which is how a user of such a library does it.

Lists of numbers are ordered lists here (their position is the coordinate), log-uniform ranges are given as such.
"""


def items(parameter):
    return int(parameter["numbers"][0])


def ordered(parameter):
    return len(parameter["numbers"]) > 1


def active(parameters, point):
    """Drops the values of inactive parameters. Parents come before children."""
    kept = {}
    for parameter in parameters:
        if not parameter["when"] or kept.get(parameter["when"][0]) == parameter["when"][1]:
            kept[parameter["name"]] = point[parameter["name"]]
    return kept


class Optuna:
    """TPE gets the conditions, define-by-run. The Gaussian process would draw every parameter that some trial lacks at
    random (its relative search space is the intersection of all trials), so it gets the flat space, which serves it
    better."""

    def __init__(self, parameters, seed, sampler):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna
        self.parameters = parameters
        self.flat = sampler == "gp"
        make = {"gp": optuna.samplers.GPSampler, "tpe": optuna.samplers.TPESampler, "cmaes": optuna.samplers.CmaEsSampler}
        self.study = optuna.create_study(sampler=make[sampler](seed=seed))

    def ask(self, count):
        return [self.one() for _ in range(count)]

    def one(self):
        trial = self.study.ask()
        point = {}
        for parameter in self.parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if not self.flat and parameter["when"] and point.get(parameter["when"][0]) != parameter["when"][1]:
                continue
            if kind == "categorical" and ordered(parameter):
                point[name] = trial.suggest_int(name, 0, items(parameter) - 1)
            elif kind == "categorical":
                point[name] = trial.suggest_categorical(name, list(range(items(parameter))))
            elif kind == "int_uniform":
                point[name] = trial.suggest_int(name, int(numbers[0]), int(numbers[1]))
            else:
                point[name] = trial.suggest_float(name, numbers[0], numbers[1], log=kind == "log_uniform_values")
        return trial, active(self.parameters, point)

    def tell(self, trial, value):
        if value is None:
            self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, value)


class Wandb:
    """The engine of W&B's own server, as `method: bayes`. Its sweep language has no conditions."""

    def __init__(self, parameters, seed):
        import random
        import warnings

        import numpy
        import sweeps

        warnings.filterwarnings("ignore")
        random.seed(seed)
        numpy.random.seed(seed)
        self.sweeps = sweeps
        self.parameters = parameters
        space = {}
        for parameter in parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if kind == "categorical":
                # The items' numbers from 1, since the engine takes a 0 for the first item whatever it is.
                space[name] = {"values": [item + 1 for item in range(items(parameter))]}
            elif kind == "int_uniform":
                space[name] = {"distribution": kind, "min": int(numbers[0]), "max": int(numbers[1])}
            else:
                space[name] = {"distribution": kind, "min": numbers[0], "max": numbers[1]}
        self.config = {"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": space}
        self.runs = []

    def ask(self, count):
        return [self.one() for _ in range(count)]

    def one(self):
        run = self.sweeps.next_run(self.config, self.runs)
        run.name = str(len(self.runs))
        self.runs.append(run)
        point = {parameter["name"]: run.config[parameter["name"]]["value"] - (parameter["kind"] == "categorical")
                 for parameter in self.parameters}
        return run, active(self.parameters, point)

    def tell(self, run, value):
        if value is None:
            run.state = self.sweeps.RunState.failed
        else:
            run.state = self.sweeps.RunState.finished
            run.summary_metrics = {"loss": value}
            run.history = [{"loss": value}]


class Hebo:
    """No conditions; a crash is dropped, since its `observe` keeps finite values only."""

    def __init__(self, parameters, seed):
        import warnings

        warnings.filterwarnings("ignore")
        import numpy
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        torch.set_num_threads(1)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        self.numpy = numpy
        self.parameters = parameters
        space = []
        for parameter in parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if kind == "categorical" and ordered(parameter):
                space.append({"name": name, "type": "int", "lb": 0, "ub": items(parameter) - 1})
            elif kind == "categorical":
                space.append({"name": name, "type": "cat", "categories": list(range(items(parameter)))})
            elif kind == "int_uniform":
                space.append({"name": name, "type": "int", "lb": int(numbers[0]), "ub": int(numbers[1])})
            else:
                kind = "pow" if kind == "log_uniform_values" else "num"
                space.append({"name": name, "type": kind, "lb": numbers[0], "ub": numbers[1]})
        self.optimizer = HEBO(DesignSpace().parse(space), scramble_seed=seed)

    def ask(self, count):
        frame = self.optimizer.suggest(n_suggestions=count)
        return [(frame.iloc[[row]], self.point(frame.iloc[row])) for row in range(len(frame))]

    def point(self, row):
        whole = {parameter["name"] for parameter in self.parameters if parameter["kind"] in ("categorical", "int_uniform")}
        return active(self.parameters, {name: int(row[name]) if name in whole else float(row[name]) for name in row.index})

    def tell(self, frame, value):
        self.optimizer.observe(frame, self.numpy.array([[float("nan") if value is None else value]]))


class Smac:
    """Conditions and ordered lists are its own; a crash costs what the facade's default says."""

    def __init__(self, parameters, seed, trials):
        import logging
        import pathlib
        import tempfile

        import ConfigSpace
        from smac import HyperparameterOptimizationFacade, Scenario

        logging.disable(logging.WARNING)
        space = ConfigSpace.ConfigurationSpace(seed=seed)
        made = {}
        for parameter in parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if kind == "categorical" and ordered(parameter):
                made[name] = ConfigSpace.OrdinalHyperparameter(name, list(range(items(parameter))))
            elif kind == "categorical":
                made[name] = ConfigSpace.CategoricalHyperparameter(name, list(range(items(parameter))))
            elif kind == "int_uniform":
                made[name] = ConfigSpace.UniformIntegerHyperparameter(name, int(numbers[0]), int(numbers[1]))
            else:
                made[name] = ConfigSpace.UniformFloatHyperparameter(name, numbers[0], numbers[1],
                                                                    log=kind == "log_uniform_values")
        space.add(list(made.values()))
        space.add([ConfigSpace.EqualsCondition(made[parameter["name"]], made[parameter["when"][0]], parameter["when"][1])
                   for parameter in parameters if parameter["when"]])
        self.folder = tempfile.TemporaryDirectory()
        scenario = Scenario(space, n_trials=trials, deterministic=True, seed=seed,
                            output_directory=pathlib.Path(self.folder.name))
        self.facade = HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=50)

    def ask(self, count):
        asked = [self.facade.ask() for _ in range(count)]
        return [(info, {name: value.item() if hasattr(value, "item") else value for name, value in dict(info.config).items()})
                for info in asked]

    def tell(self, info, value):
        from smac.runhistory.dataclasses import TrialValue
        from smac.runhistory.enumerations import StatusType

        crashed = value is None
        self.facade.tell(info, TrialValue(cost=float("inf") if crashed else value,
                                          status=StatusType.CRASHED if crashed else StatusType.SUCCESS))


class Ax:
    """The Client with its default generation strategy. Conditions are not given."""

    def __init__(self, parameters, seed):
        import logging
        import warnings

        warnings.filterwarnings("ignore")
        logging.disable(logging.WARNING)
        import torch
        from ax.api.client import Client
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

        torch.set_num_threads(1)
        self.parameters = parameters
        space = []
        for parameter in parameters:
            name, kind, numbers = parameter["name"], parameter["kind"], parameter["numbers"]
            if kind == "categorical":
                space.append(ChoiceParameterConfig(name=name, values=list(range(items(parameter))), parameter_type="int",
                                                   is_ordered=ordered(parameter)))
            elif kind == "int_uniform":
                space.append(RangeParameterConfig(name=name, bounds=(int(numbers[0]), int(numbers[1])), parameter_type="int"))
            else:
                space.append(RangeParameterConfig(name=name, bounds=(numbers[0], numbers[1]), parameter_type="float",
                                                  scaling="log" if kind == "log_uniform_values" else "linear"))
        self.client = Client(random_seed=seed)
        self.client.configure_experiment(parameters=space)
        self.client.configure_optimization(objective="-loss")

    def ask(self, count):
        return [(index, active(self.parameters, point)) for index, point in self.client.get_next_trials(max_trials=count).items()]

    def tell(self, index, value):
        if value is None:
            self.client.mark_trial_failed(trial_index=index)
        else:
            self.client.complete_trial(trial_index=index, raw_data={"loss": value})


# Name: (trials a round, how to make it from parameters, seed and trials).
PEERS = {
    "optuna-gp": (1, lambda parameters, seed, trials: Optuna(parameters, seed, "gp")),
    "optuna-tpe": (1, lambda parameters, seed, trials: Optuna(parameters, seed, "tpe")),
    "optuna-cmaes": (1, lambda parameters, seed, trials: Optuna(parameters, seed, "cmaes")),
    "wandb-sweeps": (1, lambda parameters, seed, trials: Wandb(parameters, seed)),
    "hebo-rounds8": (8, lambda parameters, seed, trials: Hebo(parameters, seed)),
    "smac": (1, Smac),
    "ax": (1, lambda parameters, seed, trials: Ax(parameters, seed)),
}
