"""A run from its first to its last request, as the published clients make it."""
import json

import pytest

READ_RUN = """
run = wandb.Api().run(sys.argv[1])
summary = {k: v for k, v in dict(run.summary).items() if not k.startswith("_")}
result({
    "id": run.id, "name": run.name, "state": run.state, "config": dict(run.config), "summary": summary,
    "tags": list(run.tags), "notes": run.notes, "group": run.group, "job_type": run.job_type,
    "last_step": run.lastHistoryStep, "entity": run.entity, "project": run.project,
})
"""


def read_run(client, name, project="p"):
    return client.run(READ_RUN, f"{client.user.name}/{project}/{name}")


def test_init_log_finish_leaves_a_finished_run(client):
    client.python("""
        with wandb.init(project="p", id="first", config={"lr": 0.1, "nested": {"depth": 3}}, tags=["a", "b"], notes="why",
                        group="g", job_type="train", name="shown") as run:
            for step in range(20):
                run.log({"loss": 1.0 / (step + 1), "step_squared": step * step})
    """)
    found = read_run(client, "first")
    assert found["state"] == "finished"
    assert found["name"] == "shown"
    assert found["config"] == {"lr": 0.1, "nested": {"depth": 3}}
    assert found["summary"] == {"loss": 0.05, "step_squared": 361}
    assert sorted(found["tags"]) == ["a", "b"]
    assert (found["notes"], found["group"], found["job_type"]) == ("why", "g", "train")
    assert found["last_step"] == 19
    assert (found["entity"], found["project"]) == (client.user.name, "p")


def test_a_run_without_names_gets_a_name_and_the_default_project(client):
    made = client.run("""
        run = wandb.init()
        run.log({"x": 1})
        run.finish()
        result({"id": run.id, "name": run.name, "project": run.project, "entity": run.entity})
    """)
    assert made["project"] == "uncategorized"
    assert made["entity"] == client.user.name
    assert made["name"] and made["name"] != made["id"]


def test_a_project_name_may_have_capitals_and_spaces(client):
    client.python("""
        with wandb.init(project="My Project 7", id="r") as run:
            run.log({"x": 1})
    """)
    assert read_run(client, "r", "My Project 7")["state"] == "finished"


def test_a_run_that_exits_with_a_status_is_failed(client):
    done = client.python("""
        run = wandb.init(project="p", id="broken")
        run.log({"x": 1})
        sys.exit(3)
    """, check=False)
    assert done.code == 3
    assert read_run(client, "broken")["state"] == "failed"


def test_config_and_summary_can_be_changed_while_running(client):
    client.python("""
        run = wandb.init(project="p", id="changing", config={"a": 1})
        run.config.update({"b": [1, 2, {"c": None}]})
        run.config.update({"a": 3}, allow_val_change=True)
        run.log({"x": 1})
        run.summary["best"] = 7
        run.summary.update({"deep": {"er": 8}})
        run.finish()
    """)
    found = read_run(client, "changing")
    assert found["config"] == {"a": 3, "b": [1, 2, {"c": None}]}
    assert found["summary"]["best"] == 7
    assert found["summary"]["deep"] == {"er": 8}
    assert found["summary"]["x"] == 1


def test_a_finished_run_can_be_edited_through_the_api_and_stays_finished(client):
    client.python("""
        with wandb.init(project="p", id="edited", config={"a": 1}, tags=["old"]) as run:
            run.log({"x": 1})
        run = wandb.Api().run(f"{run.entity}/p/edited")
        run.config["a"] = 5
        run.tags = ["new"]
        run.notes = "later"
        run.name = "renamed"
        run.summary["x"] = 9
        run.update()
        run.summary.update()
    """)
    found = read_run(client, "edited")
    assert found["state"] == "finished"
    assert found["config"] == {"a": 5}
    assert (found["tags"], found["notes"], found["name"], found["summary"]["x"]) == (["new"], "later", "renamed", 9)


def test_summary_follows_define_metric(client):
    client.python("""
        run = wandb.init(project="p", id="defined")
        run.define_metric("loss", summary="min")
        run.define_metric("acc", summary="max")
        for loss, acc in [(3, 0.1), (1, 0.9), (2, 0.5)]:
            run.log({"loss": loss, "acc": acc})
        run.finish()
    """)
    summary = read_run(client, "defined")["summary"]
    assert summary["loss"] == {"min": 1}
    assert summary["acc"] == {"max": 0.9}


RESUMED = """
run = wandb.init(project="p", id="again", resume=sys.argv[1], config={"part": int(sys.argv[2])} if len(sys.argv) > 2 else None)
first = run.starting_step
for i in range(3):
    run.log({"x": first + i})
run.finish()
result({"first": first, "resumed": bool(run.resumed)})
"""


@pytest.mark.parametrize("mode", ["must", "allow"])
def test_a_resumed_run_goes_on_after_its_last_step(client, mode):
    client.run(RESUMED, "allow", "1")
    second = client.run(RESUMED, mode)
    assert second == {"first": 3, "resumed": True}
    rows = client.run("""
        result([row["x"] for row in wandb.Api().run(sys.argv[1]).scan_history()])
    """, f"{client.user.name}/p/again")
    assert rows == [0, 1, 2, 3, 4, 5]


def test_resume_allow_starts_a_new_run_when_there_is_none(client):
    assert client.run(RESUMED, "allow", "1") == {"first": 0, "resumed": False}


def test_resume_must_refuses_a_run_that_does_not_exist(client):
    done = client.python(RESUMED, "must", check=False)
    assert done.code != 0
    assert "does not exist" in done.output or "has not been initialized" in done.output, done.output


def test_resume_never_refuses_a_run_that_exists(client):
    client.run(RESUMED, "allow", "1")
    done = client.python(RESUMED, "never", check=False)
    assert done.code != 0
    assert "never" in done.output or "exists" in done.output, done.output


def test_resume_auto_finds_the_last_run_of_the_folder(client):
    client.python("""
        run = wandb.init(project="p", id="auto1", resume="auto")
        run.log({"x": 1})
        os._exit(1)
    """, check=False)
    second = client.run("""
        run = wandb.init(project="p", resume="auto")
        run.log({"x": 2})
        run.finish()
        result(run.id)
    """)
    assert second == "auto1"


def test_resuming_keeps_config_tags_and_summary(client):
    client.python("""
        with wandb.init(project="p", id="kept", config={"a": 1}, tags=["t"]) as run:
            run.log({"x": 1, "only_first": 2})
        with wandb.init(project="p", id="kept", resume="must", config={"b": 2}) as run:
            run.log({"x": 3})
    """)
    found = read_run(client, "kept")
    assert found["config"] == {"a": 1, "b": 2}
    assert found["tags"] == ["t"]
    assert found["summary"] == {"x": 3, "only_first": 2}


def test_console_lines_are_kept_with_their_level(client):
    client.python("""
        with wandb.init(project="p", id="talks") as run:
            print("hello from stdout: käse")
            print("hello from stderr", file=sys.stderr)
            run.log({"x": 1})
    """, env={"WANDB_CONSOLE": "wrap"})
    lines = client.server.graphql("""
        query Console($entity: String!, $project: String!, $run: String!) {
          project(name: $project, entityName: $entity) { run(name: $run) {
            logLineCount logLines(last: 1000) { edges { node { number level line } } } } } }
    """, {"entity": client.user.name, "project": "p", "run": "talks"}, key=client.user.key)["project"]["run"]
    nodes = [edge["node"] for edge in lines["logLines"]["edges"]]
    assert lines["logLineCount"] == len(nodes)
    assert any("hello from stdout: käse" in node["line"] and node["level"] != "error" for node in nodes), nodes
    assert any("hello from stderr" in node["line"] and node["level"] == "error" for node in nodes), nodes


def test_an_alert_is_accepted(client):
    done = client.python("""
        with wandb.init(project="p", id="alarmed") as run:
            run.alert(title="Loss is high", text="look at it", level=wandb.AlertLevel.WARN)
            run.log({"x": 1})
    """)
    assert "error" not in done.output.lower(), done.output
    assert read_run(client, "alarmed")["state"] == "finished"


def test_two_processes_log_to_two_runs_of_a_project_at_once(client):
    script = client.script("""
        with wandb.init(project="p", id=sys.argv[1]) as run:
            for step in range(50):
                run.log({"x": step, "who": sys.argv[1]})
    """)
    children = [client.start("python", script, name) for name in ("left", "right")]
    assert [child.wait(120) for child in children] == [0, 0]
    for child in children:
        child.stdout.close()
    for name in ("left", "right"):
        rows = client.run("result([r['who'] for r in wandb.Api().run(sys.argv[1]).scan_history(keys=['x', 'who'])])",
                          f"{client.user.name}/p/{name}")
        assert rows == [name] * 50


def test_a_stop_request_reaches_the_process(client):
    script = client.script("""
        run = wandb.init(project="p", id="endless")
        print("RUNNING", flush=True)
        try:
            for step in range(100000):
                run.log({"x": step})
                time.sleep(0.1)
        except KeyboardInterrupt:
            print("INTERRUPTED", flush=True)
    """)
    child = client.start("python", script, env={"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"})
    while "RUNNING" not in child.stdout.readline():
        assert child.poll() is None
    run = client.server.graphql("""
        query Run($e: String!, $p: String!, $r: String!) { project(name: $p, entityName: $e) { run(name: $r) { id } } }
    """, {"e": client.user.name, "p": "p", "r": "endless"}, key=client.user.key)["project"]["run"]
    stopped = client.server.graphql("mutation Stop($id: ID!) { stopRun(input: {id: $id}) { success clientMutationId } }",
                                    {"id": run["id"]}, key=client.user.key)
    assert stopped["stopRun"]["success"] is True
    output, _ = child.communicate(timeout=120)
    assert "INTERRUPTED" in output, output


def test_a_wrong_key_is_refused_at_once_with_advice(client):
    done = client.python("wandb.init(project='p')", env={"WANDB_API_KEY": "0" * 40}, check=False)
    assert done.code != 0
    assert "login" in done.output.lower() or "api key" in done.output.lower(), done.output


def test_a_foreign_entity_answers_like_one_that_does_not_exist(client, server):
    other = server.add_user()
    outputs = []
    for entity in (other.name, "nobody-has-this-name"):
        done = client.python("wandb.init(entity=sys.argv[1], project='p')", entity, check=False)
        assert done.code != 0
        outputs.append([line.replace(entity, "ENTITY") for line in done.output.splitlines() if "CommError" in line])
    assert outputs[0] and outputs[0] == outputs[1]


def test_wandb_login_verifies_the_key(client):
    done = client.wandb("login", "--relogin", "--verify", "--host", client.server.url, client.user.key, check=False)
    if done.code == 2 and "--verify" in done.output:  # older releases verify always
        done = client.wandb("login", "--relogin", "--host", client.server.url, client.user.key)
    assert done.code == 0, done.output
    netrc = (client.folder / "home/.netrc").read_text()
    assert client.user.key in netrc


def test_system_metrics_arrive(client):
    client.python("""
        with wandb.init(project="p", id="measured", settings=wandb.Settings(x_stats_sampling_interval=0.2)) as run:
            run.log({"x": 1})
            time.sleep(2)
    """, env={"WANDB_X_DISABLE_STATS": "false"})
    rows = client.run("result(wandb.Api().run(sys.argv[1]).history(stream='system', pandas=False))",
                      f"{client.user.name}/p/measured")
    assert rows and any(key.startswith("system.") for key in rows[0]), rows[:1]
    assert json.dumps(rows)
