"""Reading back through wandb.Api()."""
import pytest

THREE_RUNS = """
for i, (lr, opt, tags) in enumerate([(0.1, "adam", ["a"]), (0.01, "sgd", ["a", "b"]), (0.5, "adam", [])]):
    with wandb.init(project="reading", id=f"r{i}", name=f"run {i}", config={"lr": lr, "opt": opt, "deep": {"er": i}},
                    tags=tags, group="even" if i % 2 == 0 else "odd") as run:
        for step in range(10):
            run.log({"loss": lr * (10 - step), "extra" if i == 1 else "other": step})
"""


def read(client, text):
    client.python(THREE_RUNS)
    return client.run(f"api = wandb.Api()\npath = '{client.user.name}/reading'\n" + text)


def test_runs_can_be_filtered(client):
    seen = read(client, """
filters = [
    {}, {"config.opt": "adam"}, {"config.opt.value": "adam"}, {"config.lr": {"$gt": 0.05}}, {"summary_metrics.loss": {"$lte": 0.1}},
    {"$or": [{"config.opt": "sgd"}, {"display_name": "run 2"}]}, {"$and": [{"state": "finished"}, {"group": "even"}]},
    {"tags": "b"}, {"tags": {"$in": ["a"]}}, {"name": {"$in": ["r0", "r2"]}}, {"display_name": {"$regex": "un [12]"}},
    {"config.deep.er": 1}, {"state": "running"}, {"config.lr": {"$nin": [0.1]}}, {"summary_metrics.extra": {"$exists": True}},
    {"$not": {"config.opt": "adam"}}, {"$nor": [{"name": "r0"}, {"name": "r1"}]},
]
result([[f, sorted(r.id for r in api.runs(path, filters=f))] for f in filters])
""")
    expected = [
        ["r0", "r1", "r2"], ["r0", "r2"], ["r0", "r2"], ["r0", "r2"], ["r0", "r1"],
        ["r1", "r2"], ["r0", "r2"],
        ["r1"], ["r0", "r1"], ["r0", "r2"], ["r1", "r2"],
        ["r1"], [], ["r1", "r2"], ["r1"],
        ["r1"], ["r2"],
    ]
    assert [(pair[0], pair[1]) for pair in seen] == [(pair[0], want) for pair, want in zip(seen, expected)]


def test_runs_can_be_ordered_and_paged(client):
    seen = read(client, """
orders = ["+created_at", "-created_at", "+summary_metrics.loss", "-config.lr.value", "+config.lr", "-display_name"]
result({"orders": [[r.id for r in api.runs(path, order=o, per_page=2)] for o in orders], "len": len(api.runs(path)),
        "sliced": [r.id for r in api.runs(path, order="+created_at", per_page=1)[1:3]]})
""")
    assert seen["orders"] == [["r0", "r1", "r2"], ["r2", "r1", "r0"], ["r1", "r0", "r2"], ["r2", "r0", "r1"], ["r1", "r0", "r2"],
                              ["r2", "r1", "r0"]]
    assert seen["len"] == 3
    assert seen["sliced"] == ["r1", "r2"]


def test_history_is_complete_when_it_is_short_and_sampled_when_it_is_long(client):
    seen = client.run("""
        with wandb.init(project="reading", id="long") as run:
            for step in range(3000):
                run.log({"x": step, "rare": step} if step % 100 == 0 else {"x": step})
        run = wandb.Api().run(f"{run.entity}/reading/long")
        full = run.history(samples=5000, pandas=False)
        sampled = run.history(samples=200, pandas=False)
        keyed = run.history(keys=["rare"], samples=1000, pandas=False)
        ranged = list(run.scan_history(min_step=100, max_step=110))
        result({"full": [row["x"] for row in full] == list(range(3000)), "sampled": len(sampled),
                "ends": [sampled[0]["x"], sampled[-1]["x"]], "ordered": [row["_step"] for row in sampled] == sorted(row["_step"] for row in sampled),
                "keyed": [row["rare"] for row in keyed], "ranged": [row["x"] for row in ranged], "last": run.lastHistoryStep})
    """)
    assert seen["full"] is True
    assert 100 <= seen["sampled"] <= 200
    assert seen["ends"][0] < 50 and seen["ends"][1] > 2950
    assert seen["ordered"] is True
    assert seen["keyed"] == list(range(0, 3000, 100))
    assert seen["ranged"] == list(range(100, 110))
    assert seen["last"] == 2999


def test_scan_history_with_keys_gives_only_rows_that_have_them_all(client):
    seen = client.run("""
        with wandb.init(project="reading", id="sparse") as run:
            for step in range(30):
                run.log({"a": step, **({"b": -step} if step % 3 == 0 else {})})
        result([[row["a"], row["b"]] for row in wandb.Api().run(f"{run.entity}/reading/sparse").scan_history(keys=["a", "b"])])
    """)
    assert seen == [[step, -step] for step in range(0, 30, 3)]


def test_a_deleted_run_is_gone(client):
    seen = read(client, """
api.run(path + "/r1").delete()
try:
    wandb.Api().run(path + "/r1")
    found = "still there"
except Exception as error:
    found = str(error)
result({"found": found, "left": sorted(r.id for r in wandb.Api().runs(path))})
""")
    assert "r1" in seen["found"] and "still there" not in seen["found"]
    assert seen["left"] == ["r0", "r2"]


def test_projects_viewer_and_team_are_listed(client):
    seen = client.run("""
        for project in ("one", "two"):
            with wandb.init(project=project) as run:
                run.log({"x": 1})
        api = wandb.Api()
        result({"projects": sorted(p.name for p in api.projects(run.entity)), "entity": api.default_entity,
                "viewer": api.viewer.username, "teams": api.viewer.teams, "keys": len(api.viewer.api_keys)})
    """)
    name = client.user.name
    assert seen == {"projects": ["one", "two"], "entity": name, "viewer": name, "teams": [name], "keys": 1}


def test_an_unknown_run_is_an_error_that_names_it(client):
    done = client.python("wandb.Api().run('nowhere/at/all')", check=False)
    assert done.code != 0
    assert "nowhere/at/all" in done.output or "ould not find" in done.output, done.output


def test_what_one_may_not_see_looks_like_what_does_not_exist(client, server):
    other = server.add_user()
    server.create_run(other, "secret", "hidden")
    errors = []
    for path in (f"{other.name}/secret/hidden", f"{other.name}/secret/missing", "nobody/secret/hidden"):
        done = client.python("wandb.Api().run(sys.argv[1])", path, check=False)
        assert done.code != 0
        errors.append(done.output.strip().splitlines()[-1].replace(path, "PATH"))
    parts = [error.replace(other.name, "E").replace("nobody", "E").replace("missing", "hidden") for error in errors]
    assert parts[0] == parts[1] == parts[2]


def test_an_empty_project_has_no_runs_and_an_unknown_one_is_an_error(client):
    seen = client.run("""
        wandb.Api().create_project("empty", wandb.Api().default_entity)
        try:
            len(wandb.Api().runs(wandb.Api().default_entity + "/not-there"))
            unknown = "no error"
        except Exception as error:
            unknown = str(error)
        result({"empty": len(wandb.Api().runs(wandb.Api().default_entity + "/empty")), "unknown": unknown})
    """)
    assert seen["empty"] == 0
    assert "not-there" in seen["unknown"], seen


def test_a_run_is_deleted_once_and_asking_again_does_no_harm(client):
    seen = read(client, """
run = api.run(path + "/r0")
run.delete()
run.delete()
result(sorted(r.id for r in wandb.Api().runs(path)))
""")
    assert seen == ["r1", "r2"]


def test_a_project_without_reports_lists_none(client):
    assert read(client, "result([report.name for report in api.reports(path)])") == []


@pytest.mark.versions("0.31.0")
def test_the_console_of_a_run_is_read_back_page_by_page(client):
    seen = client.run("""
        with wandb.init(project="reading", id="talks") as run:
            for i in range(250):
                print(f"line {i}")
            run.log({"x": 1})
        run = wandb.Api().run(f"{run.entity}/reading/talks")
        result({"all": [line.content for line in run.console_logs(per_page=100) if line.content.startswith("line ")],
                "last": [line.content for line in run.console_logs(last=3)]})
    """, env={"WANDB_CONSOLE": "wrap"})
    assert seen["all"] == [f"line {i}" for i in range(250)]
    assert len(seen["last"]) == 3 and "line 249" in seen["last"]
