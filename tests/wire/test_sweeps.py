"""Sweeps with the stock client: `wandb sweep`, `wandb agent`, the function agent, and wandb.Api()."""
import json
import signal

import pytest

from harness.client import Client
from harness.server import Server
from sweep_support import Sweep, ended

GRID = {"method": "grid", "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"values": [3, 1, 2]}, "y": {"values": ["a", "b"]}}}
ALL_POINTS = sorted((x, y) for x in (1, 2, 3) for y in "ab")
SLOW = {"steps": {"value": 400}, "pause": {"value": 0.2}}
FAST_STREAM = {"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}


def test_a_new_sweep_is_pending_and_knows_how_many_runs_to_expect(client):
    seen = Sweep.create(client, GRID).read()
    assert (seen["state"], seen["runCountExpected"], seen["runs"]) == ("PENDING", 6, [])


def test_two_agents_visit_each_point_of_a_grid_once(client):
    sweep = Sweep.create(client, GRID)
    for agent in [sweep.start_agent(), sweep.start_agent()]:
        ended(agent)
    seen = sweep.read()
    assert sweep.values("x", "y") == ALL_POINTS
    assert sweep.states() == ["finished"] * 6
    assert seen["state"] == "FINISHED"
    assert seen["bestLoss"] == 1


def test_a_function_agent_visits_each_point_of_a_grid_once(client):
    seen = client.run("""
        sweep = wandb.sweep({"method": "grid", "metric": {"name": "loss", "goal": "minimize"},
                             "parameters": {"x": {"values": [1, 2, 3]}}}, project="functional")
        seen = []
        def train():
            with wandb.init() as run:
                seen.append(run.config.x)
                run.log({"loss": run.config.x})
        wandb.agent(sweep, function=train, project="functional")
        api = wandb.Api()
        path = f"{api.default_entity}/functional"
        found = api.sweep(f"{path}/{sweep}")
        # By name: 0.22.2 hands the config of a listed run on as text.
        best = api.run(f"{path}/{found.best_run().id}").config["x"]
        runs = len(found.runs)
        with wandb.init(project="functional") as outside:
            outside.log({"loss": 0})
        result({"seen": sorted(seen), "state": found.state, "best": best, "runs": runs,
                "outside": wandb.Api().run(f"{path}/{outside.id}").sweep_name})
    """, seconds_max=180)
    assert seen["seen"] == [1, 2, 3]
    assert seen["state"] == "FINISHED"
    assert seen["best"] == 1
    assert seen["runs"] == 3
    if client.version == "0.31.0":  # older ones leave the sweep in the environment
        assert not seen["outside"]


def test_count_ends_an_agent_and_not_the_sweep(client):
    sweep = Sweep.create(client, GRID)
    sweep.agent("--count", "1")
    seen = sweep.read()
    assert sweep.states() == ["finished"]
    assert seen["state"] == "RUNNING"


@pytest.mark.versions("0.31.0")
def test_run_cap_is_never_exceeded_and_ends_the_sweep(client):
    sweep = Sweep.create(client, {"method": "random", "run_cap": 3, "metric": {"name": "loss", "goal": "minimize"},
                                  "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    for agent in [sweep.start_agent() for _ in range(3)]:
        ended(agent)
    seen = sweep.read()
    assert sweep.states() == ["finished"] * 3
    assert seen["state"] == "FINISHED"
    assert all(0.0 <= run["config"]["x"] <= 1.0 for run in seen["runs"])


def test_a_paused_sweep_starts_nothing_new_and_goes_on_when_resumed(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2]}, "steps": {"value": 20}, "pause": {"value": 0.2}}})
    agent = sweep.start_agent(env=FAST_STREAM)
    sweep.wait(lambda seen: seen["runs"] and seen["runs"][0]["state"] == "running")
    client.wandb("sweep", "--pause", sweep.path)
    seen = sweep.wait(lambda seen: seen["runs"][0]["state"] == "finished")
    assert seen["state"] == "PAUSED"
    client.wandb("sweep", "--resume", sweep.path)
    ended(agent)
    assert sweep.values("x") == [(1,), (2,)]
    assert sweep.read()["state"] == "FINISHED"


def test_a_stopped_sweep_lets_its_run_finish(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2, 3]}, "steps": {"value": 20}, "pause": {"value": 0.2}}})
    agent = sweep.start_agent(env=FAST_STREAM)
    sweep.wait(lambda seen: seen["runs"] and seen["runs"][0]["state"] == "running")
    client.wandb("sweep", "--stop", sweep.path)
    ended(agent)
    seen = sweep.read()
    assert seen["state"] == "FINISHED"
    assert [run["state"] for run in seen["runs"]] == ["finished"]
    assert seen["runs"][0]["historyLineCount"] == 20


def test_a_cancelled_sweep_ends_its_run_and_its_agent(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2, 3]}, **SLOW}})
    agent = sweep.start_agent(env=FAST_STREAM)
    sweep.wait(lambda seen: seen["runs"] and seen["runs"][0]["state"] == "running")
    client.wandb("sweep", "--cancel", sweep.path)
    output, _ = agent.communicate(timeout=90)
    seen = sweep.wait(lambda seen: seen["runs"][0]["state"] not in ("running", "pending"), seconds_max=90)
    assert seen["state"] == "CANCELED", output
    assert len(seen["runs"]) == 1
    assert seen["runs"][0]["historyLineCount"] < 400


HYPERBAND = """
import argparse, time
import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
options = parser.parse_args()
run = wandb.init()
good = options.x < 5
for step in range(9 if good else 600):
    run.log({"loss": options.x / (step + 1) if good else options.x})
    time.sleep(0.0 if good else 0.2)
run.finish()
"""


@pytest.mark.versions("0.31.0", "0.22.2")
def test_hyperband_stops_a_run_that_is_worse(client):
    sweep = Sweep.create(client, {"method": "grid", "metric": {"name": "loss", "goal": "minimize"},
                                  "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3, "strict": True},
                                  "parameters": {"x": {"values": [1, 2, 3, 50]}}}, trainer=HYPERBAND)
    sweep.agent(env=FAST_STREAM)
    seen = {run["config"]["x"]: run for run in sweep.read()["runs"]}
    assert sorted(seen) == [1, 2, 3, 50]
    assert [seen[x]["state"] for x in (1, 2, 3)] == ["finished"] * 3
    assert seen[50]["historyLineCount"] < 600
    assert seen[50]["state"] in ("killed", "failed", "finished", "crashed")


@pytest.mark.versions("0.31.0")
def test_command_macros_and_nested_parameters_reach_the_program(client):
    trainer = """
import sys, wandb
with wandb.init() as run:
    run.log({"loss": 1})
    run.summary["argv"] = sys.argv[1:]
    run.summary["depth"] = run.config["outer"]["inner"]
"""
    sweep = Sweep.create(client, {
        "method": "grid", "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"values": [0.5]}, "flag": {"value": True}, "outer": {"parameters": {"inner": {"values": [7]}}}},
        "command": ["${env}", "${interpreter}", "${program}", "--fixed", "${args_no_hyphens}"]}, trainer=trainer)
    sweep.agent()
    run = sweep.read()["runs"][0]
    assert run["summary"]["argv"][0] == "--fixed"
    assert "lr=0.5" in run["summary"]["argv"]
    assert run["summary"]["depth"] == 7


@pytest.mark.versions("0.31.0")
def test_a_failing_program_fails_its_runs_and_leaves_the_sweep(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2]}}},
                         trainer="import wandb\nwith wandb.init() as run:\n    run.log({'loss': 1})\n    raise SystemExit(4)\n")
    sweep.agent("--count", "2")
    seen = sweep.read()
    assert [run["state"] for run in seen["runs"]] == ["failed", "failed"]
    assert sorted(run["config"]["x"] for run in seen["runs"]) == [1, 2]


@pytest.mark.versions("0.31.0")
def test_a_program_that_never_calls_init_does_not_hang_the_sweep(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1]}}}, trainer="print('no wandb here')\n")
    agent = sweep.start_agent()
    output, _ = agent.communicate(timeout=200)
    seen = sweep.read()
    assert seen["state"] in ("FINISHED", "CRASHED"), output
    assert all(run["state"] in ("failed", "crashed", "killed") for run in seen["runs"]), seen


@pytest.fixture
def hurried_client(version, tmp_path):
    """A client of a server whose leases are far shorter than in real life."""
    with Server.start(tmp_path / "data", "--lease-seconds", "10") as server:
        yield Client(version, server, server.add_user(), tmp_path / "client")


@pytest.mark.versions("0.31.0")
def test_a_killed_agents_point_is_run_again_once(hurried_client):
    client = hurried_client
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2]}, "steps": {"value": 40}, "pause": {"value": 0.1}}})
    first = sweep.start_agent(env=FAST_STREAM)
    seen = sweep.wait(lambda seen: seen["runs"] and seen["runs"][0]["state"] == "running")
    lost = seen["runs"][0]["config"]["x"]
    client.kill_tree(first)
    ended(sweep.start_agent(env=FAST_STREAM), seconds_max=220)
    seen = sweep.read()
    finished = sorted(run["config"]["x"] for run in seen["runs"] if run["state"] == "finished")
    assert finished == [1, 2], seen
    others = [run for run in seen["runs"] if run["state"] != "finished"]
    assert [run["config"]["x"] for run in others] in ([], [lost])
    assert seen["state"] == "FINISHED"


@pytest.mark.versions("0.31.0")
def test_a_preempted_run_is_resumed_with_its_own_id(client):
    trainer = """
import pathlib, sys, wandb
mark = pathlib.Path("was-here")
run = wandb.init()
run.log({"loss": 1})
if not mark.exists():
    mark.touch()
    run.mark_preempting()
    sys.exit(1)
run.finish()
"""
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1]}}}, trainer=trainer)
    sweep.agent(seconds_max=120)
    seen = sweep.read()
    assert [run["state"] for run in seen["runs"]] == ["finished"]
    assert seen["state"] == "FINISHED"


@pytest.mark.versions("0.31.0")
def test_the_api_shows_sweeps_agents_and_the_best_run(client):
    sweep = Sweep.create(client, {**GRID, "name": "my sweep", "parameters": {"x": {"values": [2, 1]}}})
    sweep.agent()
    seen = client.run("""
        api = wandb.Api()
        sweep = api.sweep(sys.argv[1])
        project = sys.argv[1].rsplit("/", 1)[0]
        agents = sweep.agents()
        result({"name": sweep.name, "state": sweep.state, "expected": sweep.expected_run_count, "order": sweep.order,
                "best": sweep.best_run().config["x"], "config": sweep.config["method"],
                "filtered": sorted(r.config["x"] for r in api.runs(project, filters={"sweep": sweep.id})),
                "agents": len(agents), "agent_runs": [r.state for r in list(agents)[0].runs()],
                "sweeps": [s.id for s in api.project("sweeping").sweeps()]})
    """, sweep.path)
    assert seen["name"] == "my sweep"
    assert (seen["state"], seen["expected"], seen["best"], seen["config"]) == ("FINISHED", 2, 1, "grid")
    assert seen["order"] == "+summary_metrics.loss"
    assert seen["filtered"] == [1, 2]
    assert (seen["agents"], seen["agent_runs"]) == (1, ["finished", "finished"])
    assert seen["sweeps"] == [sweep.name]


@pytest.mark.versions("0.31.0")
def test_prior_runs_join_a_new_sweep(client):
    client.python("""
        with wandb.init(project="sweeping", id="prior", config={"x": 9}) as run:
            run.log({"loss": 9})
    """)
    sweep = Sweep.create(client, {**GRID, "method": "bayes", "parameters": {"x": {"min": 0.0, "max": 10.0}}}, arguments=("-R", "prior"))
    assert [run["name"] for run in sweep.read()["runs"]] == ["prior"]
    sweep.agent("--count", "1")
    assert len(sweep.read()["runs"]) == 2


@pytest.mark.versions("0.31.0")
def test_a_sweep_is_updated_until_it_has_started(client):
    sweep = Sweep.create(client, GRID)
    wider = {"program": "train.py", **GRID, "parameters": {**GRID["parameters"], "x": {"values": [1, 2, 3, 4]}}}
    file = client.folder / "sweep.yaml"
    file.write_text(json.dumps(wider))
    client.wandb("sweep", "--update", sweep.path, "sweep.yaml")
    assert sweep.read()["runCountExpected"] == 8
    sweep.agent("--count", "1")
    file.write_text(json.dumps({**wider, "run_cap": 2, "description": "a short one"}))
    client.wandb("sweep", "--update", sweep.path, "sweep.yaml")
    assert sweep.read()["runCountExpected"] == 2
    file.write_text(json.dumps({**wider, "method": "random"}))
    refused = client.wandb("sweep", "--update", sweep.path, "sweep.yaml", check=False)
    assert "cannot reconfigure" in refused.output and "prior runs" in refused.output
    ended(sweep.start_agent())
    assert len(sweep.read()["runs"]) == 2


@pytest.mark.versions("0.31.0")
def test_the_runs_of_a_sweep_are_filtered_ordered_and_explained(client):
    sweep = Sweep.create(client, GRID)
    ended(sweep.start_agent())
    runs = """query($e: String!, $s: String!, $f: JSONString, $o: String) { project(name: "sweeping", entityName: $e) { sweep(sweepName: $s) {
                runs(first: 4, filters: $f, order: $o) { totalCount edges { node { config why } } } } } }"""

    def ask(**variables) -> tuple:
        found = client.server.graphql(runs, {"e": client.user.name, "s": sweep.name, **variables}, key=client.user.key)["project"]["sweep"]["runs"]
        nodes = [edge["node"] for edge in found["edges"]]
        assert all("of the grid of 6" in node["why"] for node in nodes)
        return found["totalCount"], [json.loads(node["config"])["x"]["value"] for node in nodes]

    assert ask(f=json.dumps({"config.y.value": "a"}), o="-config.x.value") == (3, [3, 2, 1])
    assert ask(o="+summary_metrics.loss")[1] == [1, 1, 2, 2]


def test_an_agent_of_an_unknown_sweep_ends_with_an_error(client):
    done = client.wandb("agent", f"{client.user.name}/nowhere/abcd1234", check=False)
    assert done.code == 1
    assert "abcd1234" in done.output or "not found" in done.output.lower() or "ould not find" in done.output, done.output


def test_a_sweep_file_with_mistakes_is_refused_and_makes_no_sweep(client):
    config = {"program": "train.py", "method": "grip", "metric": {"name": "loss", "goal": "minimise!"}, "run_cap": 0,
              "parameters": {"x": {"min": 5, "max": 1}, "y": {"distribution": "normel", "mu": 0}}}
    (client.folder / "bad.yaml").write_text(json.dumps(config))
    done = client.wandb("sweep", "--project", "mistaken", "bad.yaml", check=False)
    assert "wandb agent" not in done.output, done.output
    for name in ("method", "grip"):
        assert name in done.output, done.output
    seen = client.run("""
        api = wandb.Api()
        try:
            result(len(api.project("mistaken").sweeps()))
        except Exception:
            result(0)
    """)
    assert seen == 0


def test_an_agent_that_is_interrupted_ends(client):
    sweep = Sweep.create(client, {**GRID, "parameters": {"x": {"values": [1, 2]}, **SLOW}})
    agent = sweep.start_agent(env=FAST_STREAM)
    sweep.wait(lambda seen: seen["runs"] and seen["runs"][0]["state"] == "running")
    client.signal_tree(agent, signal.SIGTERM)
    output, _ = agent.communicate(timeout=90)
    assert len(sweep.read()["runs"]) == 1, output
