"""`wandb sweep-scheduler` of the newest client: the search runs at the client, the queue and the runs are ours."""
import pytest

from harness.client import Client
from sweep_support import Sweep, ended

CONFIG = {"method": "random", "run_cap": 4, "metric": {"name": "loss", "goal": "minimize"}, "scheduler": {"engine": "optuna"},
          "parameters": {"x": {"min": 0.0, "max": 1.0}}}


@pytest.fixture
def client(server, user, tmp_path):
    return Client("scheduler", server, user, tmp_path)


def test_a_scheduled_sweep_hands_out_only_what_was_enqueued(client):
    sweep = Sweep.create(client, CONFIG)
    agent = sweep.start_agent()
    scheduler = client.start("wandb", "sweep-scheduler", "--batch-size", "2", "--poll-interval", "5", sweep.path)
    # The client knows no run_cap: it asks for a fifth point, is told why there is none, and ends with that.
    output, _ = scheduler.communicate(timeout=220)
    assert scheduler.returncode == 0 or "run_cap of 4 is reached" in output, output
    ended(agent)
    seen = sweep.read()
    assert seen["state"] == "FINISHED"
    trials = [run for run in seen["runs"] if "x" in run["config"]]
    assert len(trials) == 4
    assert all(run["state"] == "finished" and 0.0 <= run["config"]["x"] <= 1.0 for run in trials)


def test_without_a_scheduler_no_point_is_handed_out(client):
    sweep = Sweep.create(client, CONFIG)
    agent = sweep.start_agent()
    seen = client.run("""
        api = wandb.Api()
        sweep = api.sweep(sys.argv[1])
        before = len(sweep.runs)
        queued = sweep.enqueue_run({"x": {"value": 0.25}}) if hasattr(sweep, "enqueue_run") else None
        result({"before": before, "queued": queued is not None})
    """, sweep.path)
    assert seen == {"before": 0, "queued": True}
    sweep.wait(lambda seen: [run["state"] for run in seen["runs"]] == ["finished"])
    client.wandb("sweep", "--stop", sweep.path)
    ended(agent)
    assert sweep.values("x") == [(0.25,)]
