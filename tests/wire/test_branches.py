"""Runs that begin where another one was: forked, rewound, resumed after death, resumed more than once."""
import pytest

PARENT = """
with wandb.init(project="branches", id="parent", config={"lr": 0.1}) as run:
    for step in range(10):
        run.log({"x": step, "who": "parent"})
"""

READ = """
run = wandb.Api().run(sys.argv[1])
result({"rows": [[row["_step"], row["x"], row["who"]] for row in run.scan_history()], "state": run.state,
        "config": dict(run.config), "last": run.lastHistoryStep})
"""


def read(client, name):
    return client.run(READ, f"{client.user.name}/branches/{name}")


def rows(first, end, who):
    return [[step, step, who] for step in range(first, end)]


def test_a_forked_run_begins_with_its_parents_rows_and_leaves_the_parent_alone(client):
    client.python(PARENT)
    client.python("""
        with wandb.init(project="branches", id="child", fork_from="parent?_step=4") as run:
            for step in range(5, 8):
                run.log({"x": step, "who": "child"}, step=step)
    """)
    child = read(client, "child")
    assert child["rows"] == rows(0, 5, "parent") + rows(5, 8, "child")
    assert (child["state"], child["last"]) == ("finished", 7)
    assert read(client, "parent")["rows"] == rows(0, 10, "parent")


def test_a_rewound_run_forgets_what_came_after_and_goes_on(client):
    client.python(PARENT)
    client.python("""
        with wandb.init(project="branches", resume_from="parent?_step=4") as run:
            for step in range(5, 8):
                run.log({"x": step, "who": "again"}, step=step)
    """)
    seen = read(client, "parent")
    assert seen["rows"] == rows(0, 5, "parent") + rows(5, 8, "again")
    assert seen["config"] == {"lr": 0.1}
    assert seen["state"] == "finished"


def test_rewinding_a_run_that_does_not_exist_is_an_error_that_names_it(client):
    done = client.python("wandb.init(project='branches', resume_from='nobody?_step=4')", check=False)
    assert done.code != 0
    assert "nobody" in done.output or "not found" in done.output, done.output


def test_resume_never_starts_a_run_that_does_not_exist(client):
    client.python("""
        with wandb.init(project="branches", id="fresh", resume="never") as run:
            run.log({"x": 0, "who": "fresh"})
    """)
    assert read(client, "fresh")["rows"] == rows(0, 1, "fresh")


@pytest.mark.parametrize("mode", ["must", "allow"])
def test_a_killed_run_is_resumed_after_what_had_arrived(client, mode):
    script = client.script("""
        run = wandb.init(project="branches", id="killed")
        for step in range(5):
            run.log({"x": step, "who": "first"})
        print("LOGGED", flush=True)
        time.sleep(300)
    """)
    child = client.start("python", script, env={"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"})
    while "LOGGED" not in child.stdout.readline():
        assert child.poll() is None
    query = """query Q($e: String!) { project(name: "branches", entityName: $e) { run(name: "killed") { historyLineCount } } }"""
    while client.server.graphql(query, {"e": client.user.name}, key=client.user.key)["project"]["run"]["historyLineCount"] < 5:
        assert child.poll() is None
    client.kill_tree(child)
    client.python("""
        with wandb.init(project="branches", id="killed", resume=sys.argv[1]) as run:
            for step in range(5, 8):
                run.log({"x": step, "who": "second"})
    """, mode)
    seen = read(client, "killed")
    assert seen["rows"] == rows(0, 5, "first") + rows(5, 8, "second")
    assert seen["state"] == "finished"


def test_a_run_resumed_three_times_is_one_run(client):
    for part in range(4):
        client.python("""
            with wandb.init(project="branches", id="long", resume="allow") as run:
                for i in range(3):
                    run.log({"x": 3 * int(sys.argv[1]) + i, "who": sys.argv[1]})
        """, str(part))
    seen = read(client, "long")
    assert seen["rows"] == [row for part in range(4) for row in rows(3 * part, 3 * part + 3, str(part))]
