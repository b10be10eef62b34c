"""The public recipe, step by step, read from its own sweep file and command lines (tests/wire/recipe)."""
import pathlib
import re
import shlex
import shutil

import pytest

RECIPE = pathlib.Path(__file__).parent / "recipe"
COMMANDS = [shlex.split(line) for line in (RECIPE / "commands.txt").read_text().splitlines()]
TRAIN_COMMANDS = [command for command in COMMANDS if command[0] == "python"]
SWEEP_COMMAND = next(command for command in COMMANDS if command[:2] == ["wandb", "sweep"])
AGENT_COMMAND = next(command for command in COMMANDS if command[:2] == ["wandb", "agent"])
REPLICAS = 4  # of the recipe's Deployment


@pytest.fixture
def trainee(client):
    shutil.copytree(RECIPE, client.folder, dirs_exist_ok=True)
    return client


def create_sweep(client):
    """The recipe's `wandb sweep sweep.yaml`: its output, and what it calls "your sweep id"."""
    done = client.command(*SWEEP_COMMAND)
    found = re.search(r"wandb agent (\S+)", done.output)
    assert found, done.output
    return done.output, found.group(1)


def agent_command(sweep):
    return [sweep if word == "your_sweep_id" else word for word in AGENT_COMMAND]


@pytest.mark.parametrize("command", TRAIN_COMMANDS, ids=lambda command: command[-1])
def test_the_training_program_logs_here(trainee, command):
    done = trainee.command(*command)
    assert f"{trainee.server.url}/{trainee.user.name}/uncategorized/runs/" in done.output, done.output


def test_wandb_sweep_gives_the_sweep_id_and_the_agents_command(trainee):
    output, sweep = create_sweep(trainee)
    assert re.fullmatch(rf"{re.escape(trainee.user.name)}/uncategorized/[a-z0-9]{{8}}", sweep)
    assert f"{trainee.server.url}/{trainee.user.name}/uncategorized/sweeps/{sweep.rsplit('/', 1)[1]}" in output


def test_four_replicas_of_the_agent_work_on_one_sweep(trainee):
    _, sweep = create_sweep(trainee)
    command = agent_command(sweep)
    # The recipe's sweep has no end; each replica leaves after two runs.
    replicas = [trainee.start(*command[:2], "--count", "2", *command[2:]) for _ in range(REPLICAS)]
    outputs = [replica.communicate(timeout=220)[0] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0] * REPLICAS, outputs
    seen = trainee.run("""
        api = wandb.Api()
        sweep = api.sweep(sys.argv[1])
        project = sys.argv[1].rsplit("/", 1)[0]
        # By name: 0.22.2 hands the config of a listed run on as text.
        runs = [api.run(f"{project}/{listed.id}") for listed in sweep.runs]
        best = api.run(f"{project}/{sweep.best_run().id}")
        result({"runs": [[r.state, r.config["learning_rate"], r.config["optimizer"], r.summary["val_loss"], r.lastHistoryStep]
                         for r in runs], "best": best.summary["val_loss"], "state": sweep.state})
    """, sweep)
    assert len(seen["runs"]) == 2 * REPLICAS
    for state, rate, optimizer, loss, last_step in seen["runs"]:
        assert state == "finished"
        assert 0.001 <= rate <= 0.1
        assert optimizer in ("adam", "sgd")
        assert last_step == 4
    assert seen["best"] == min(run[3] for run in seen["runs"])
    assert seen["state"] == "RUNNING"
    assert len({(run[1], run[2]) for run in seen["runs"]}) == 2 * REPLICAS
