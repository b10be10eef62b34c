"""Creating, driving and watching sweeps from tests."""
import json
import re
import time

READ_SWEEP = """
query Sweep($e: String!, $p: String!, $s: String!) { project(name: $p, entityName: $e) { sweep(sweepName: $s) {
  id name state runCount runCountExpected bestLoss
  runs { edges { node { name state config summaryMetrics historyLineCount exitcode } } } } } }"""

# A training program: parameters from the command line, their loss logged. Grows by what a test needs:
# --steps N rows, --pause S seconds between them.
TRAINER = """
import argparse, json, os, sys, time
import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.0)
parser.add_argument("--y", default="")
parser.add_argument("--steps", type=int, default=2)
parser.add_argument("--pause", type=float, default=0.0)
options, rest = parser.parse_known_args()
run = wandb.init()
for step in range(options.steps):
    run.log({"loss": options.x, "step": step})
    time.sleep(options.pause)
run.finish()
"""


class Sweep:
    """One sweep of a client's user, seen from outside."""

    def __init__(self, client, name: str, project: str):
        self.client, self.name, self.project = client, name, project
        self.path = f"{client.user.name}/{project}/{name}"

    @classmethod
    def create(cls, client, config: dict, *, project: str = "sweeping", trainer: str = TRAINER, arguments=()) -> "Sweep":
        """`wandb sweep` with this configuration, as a person would call it."""
        (client.folder / "train.py").write_text(trainer)
        (client.folder / "sweep.yaml").write_text(json.dumps({"program": "train.py", **config}))
        done = client.wandb("sweep", "--project", project, *arguments, "sweep.yaml")
        found = re.search(r"wandb agent \S+/(\w+)", done.output)
        assert found, done.output
        return cls(client, found.group(1), project)

    def read(self) -> dict:
        server, user = self.client.server, self.client.user
        found = server.graphql(READ_SWEEP, {"e": user.name, "p": self.project, "s": self.name}, key=user.key)["project"]["sweep"]
        found["runs"] = [edge["node"] for edge in found["runs"]["edges"]]
        for run in found["runs"]:
            config = json.loads(run["config"] or "{}")
            run["config"] = {k: v["value"] for k, v in config.items() if not k.startswith("_")}
            run["summary"] = json.loads(run["summaryMetrics"] or "{}")
        return found

    def values(self, *names) -> list:
        """The parameters of every run, sorted."""
        return sorted(tuple(run["config"].get(name) for name in names) for run in self.read()["runs"])

    def states(self) -> list:
        return sorted(run["state"] for run in self.read()["runs"])

    def wait(self, what, *, seconds_max: float = 60) -> dict:
        """Until what(read()) holds. Raises AssertionError showing the last look."""
        deadline = time.monotonic() + seconds_max
        while True:
            seen = self.read()
            if what(seen):
                return seen
            assert time.monotonic() < deadline, f"not within {seconds_max} s: {json.dumps(seen, indent=1)}\n{self.client.server.log()[-3000:]}"
            time.sleep(0.1)

    def agent(self, *arguments, **options):
        """`wandb agent`, to its end."""
        return self.client.wandb("agent", *arguments, self.path, seconds_max=options.pop("seconds_max", 180), **options)

    def start_agent(self, *arguments, **options):
        return self.client.start("wandb", "agent", *arguments, self.path, **options)


def ended(process, seconds_max: float = 120) -> str:
    """The output of a process that should end by itself with 0."""
    output, _ = process.communicate(timeout=seconds_max)
    assert process.returncode == 0, output
    return output
