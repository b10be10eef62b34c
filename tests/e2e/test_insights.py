"""What a sweep tells of its parameters, over HTTP and at the command line."""
import json
import random
import re

import pytest

from harness.server import Server, User
from test_cli import FAILURE, NOT_FOUND, Person

SWEEP = """
method: random
metric: {name: score, goal: maximize}
program: train.py
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
  kind: {values: [a, b]}
"""


def finish(server, user, sweep: str, count: int, seed: int = 0, times: float = 1) -> None:
    """Runs of their own in the sweep; the score is best at lr = 0.01."""
    draws = random.Random(seed)
    for number in range(count):
        exponent = draws.uniform(-4, -1)
        config = {"lr": {"value": 10 ** exponent}, "kind": {"value": draws.choice("ab")}}
        run = f"{sweep}s{seed}r{number}"
        server.create_run(user, "p", run, sweep=sweep, config=json.dumps(config))
        row = json.dumps({"_step": 0, "score": -times * (exponent + 2) ** 2})
        body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": [row]}}, "complete": True, "exitcode": 0}
        assert server.file_stream(user, "p", run, body).status == 200


@pytest.fixture
def person(server, user, tmp_path):
    return Person(tmp_path, server, user)


@pytest.fixture
def sweep(person):
    return person.json("sweep", "create", "-", "-p", "p", stdin=SWEEP)["name"]


def insights(server, user, sweep, query="", entity=None):
    return server.get(f"/api/sweeps/{entity or user.name}/p/{sweep}/insights{query}", key=user.key)


def test_it_says_what_matters_and_where_the_optimum_is(server, user, sweep):
    finish(server, user, sweep, 25)
    answer = insights(server, user, sweep)
    assert answer.status == 200, answer.text
    told = answer.json()
    assert (told["metric"], told["results"]) == ("score", 25)
    ranking = told["importance"]["parameters"]
    assert ranking[0]["name"] == "lr" and ranking[0]["total"] > 0.8 and ranking[1]["name"] == "kind"
    assert 0.003 < told["optimum"]["parameters"]["lr"] < 0.03
    assert told["optimum"]["mean"] == pytest.approx(0, abs=0.2), "in the metric's own sign"
    assert set(told["outlook"]) == {"expected_improvement", "share_of_spread", "gain_unlikely"}
    slices = {one["parameter"]: one["points"] for one in told["slices"]}
    assert [point["value"] for point in slices["kind"]] == ["a", "b"] and len(slices["lr"]) == 50

    drawn = insights(server, user, sweep, "?contour=lr,kind").json()["contour"]
    assert (drawn["first"], drawn["second"], len(drawn["points"])) == ("lr", "kind", 40)
    assert insights(server, user, sweep).json() == told, "nothing has changed"

    finish(server, user, sweep, 1, seed=1)
    assert insights(server, user, sweep).json()["results"] == 26, "a new result counts at once"


def test_runs_that_diverged_do_not_hide_the_others(server, user, sweep, person):
    finish(server, user, sweep, 25)
    near = insights(server, user, sweep).json()
    assert "far_off" not in near and "far off" not in person.regatta("sweep", "insights", sweep).stdout
    finish(server, user, sweep, 9, seed=1, times=1e30)
    told = insights(server, user, sweep).json()
    assert told["far_off"]["results"] == 9 and -4 <= told["far_off"]["counted_as"] < -2
    assert told["results"] == 34 and -4 <= told["optimum"]["mean"] <= 2
    text = person.regatta("sweep", "insights", sweep).stdout
    assert "9 results far worse than the rest count as " in text, text


def test_too_few_results_and_wrong_questions_are_told_apart(server, user, sweep, person):
    finish(server, user, sweep, 3)
    early = insights(server, user, sweep)
    assert early.status == 409 and "at least 4 results" in early.text
    assert "at least 4 results" in person.regatta("sweep", "insights", sweep, expect=FAILURE).stderr
    finish(server, user, sweep, 3, seed=1)
    for query, words in (("?contour=lr", "name two parameters"), ("?contour=lr,nope", "it varies kind, lr"),
                         ("?contour=lr&contour=nope", "it varies kind, lr"), ("?contour=lr&contour=kind&contour=lr", "name two parameters"),
                         ("?metric=nope", "it has score")):
        wrong = insights(server, user, sweep, query)
        assert wrong.status == 400 and words in wrong.text, wrong.text


def test_a_stopped_run_counts_for_what_it_would_have_become(server, user, person):
    """Every score climbs by 10 to its end, and hyperband stops the bad ones at the bottom of that."""
    rule = "early_terminate: {type: hyperband, min_iter: 1, eta: 3}\n"
    sweep = person.json("sweep", "create", "-", "-p", "p", stdin=SWEEP + rule)["name"]
    draws = random.Random(4)
    stopped = 0
    for number in range(30):
        exponent = draws.uniform(-4, -1)
        run = f"{sweep}r{number}"
        server.create_run(user, "p", run, sweep=sweep, config=json.dumps({"lr": {"value": 10 ** exponent}, "kind": {"value": "a"}}))
        rows = [json.dumps({"_step": step, "score": -(exponent + 2) ** 2 - 10 / step}) for step in range(1, 10)]
        first = server.file_stream(user, "p", run, {"files": {"wandb-history.jsonl": {"offset": 0, "content": rows[:1]}}})
        if first.json().get("stopped"):
            stopped += 1
            end = {"complete": True, "exitcode": 1}
        else:
            end = {"files": {"wandb-history.jsonl": {"offset": 1, "content": rows[1:]}}, "complete": True, "exitcode": 0}
        assert server.file_stream(user, "p", run, end).status == 200
    assert stopped > 8
    told = insights(server, user, sweep).json()
    assert told["results"] == 30
    slice_of_lr = next(one["points"] for one in told["slices"] if one["parameter"] == "lr")
    assert slice_of_lr[0]["value"] == pytest.approx(0.0001)
    # At full length it is -4 - 10/9 there; where the runs were stopped it was -14.
    assert slice_of_lr[0]["mean"] == pytest.approx(-4 - 10 / 9, abs=2.5)


def test_a_contour_is_of_any_two_names(server, user, person):
    """Names may hold commas and ampersands: a query key each keeps them apart."""
    names = ["a,b", "c&d"]
    text = json.dumps({"method": "random", "metric": {"name": "score", "goal": "maximize"}, "program": "t.py",
                       "parameters": {name: {"min": 0.0, "max": 1.0} for name in names}})
    sweep = person.json("sweep", "create", "-", "-p", "p", stdin=text)["name"]
    for number in range(6):
        run = f"{sweep}r{number}"
        server.create_run(user, "p", run, sweep=sweep, config=json.dumps({names[0]: {"value": number / 6}, names[1]: {"value": 1 - number / 7}}))
        body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps({"_step": 0, "score": number})]}}, "complete": True, "exitcode": 0}
        assert server.file_stream(user, "p", run, body).status == 200
    drawn = insights(server, user, sweep, "?contour=a%2Cb&contour=c%26d").json()["contour"]
    assert (drawn["first"], drawn["second"]) == ("a,b", "c&d") and drawn["points"]
    turned = person.json("sweep", "insights", sweep, "--contour", "c&d", "--contour", "a,b")["contour"]
    assert (turned["first"], turned["second"]) == ("c&d", "a,b")
    assert "--contour lr,depth" in person.regatta("sweep", "insights", sweep, "--contour", "c&d", expect=2).stderr
    assert person.json("sweep", "insights", sweep, "--contour", "c&d,a,b")["contour"] == turned, "the first comma ends the first name"


def test_a_sweep_without_a_metric_has_nothing_to_tell(server, user, person):
    sweep = person.json("sweep", "create", "-", "-p", "p", stdin="method: random\nprogram: t.py\nparameters: {x: {min: 0.0, max: 1.0}}\n")["name"]
    answer = insights(server, user, sweep)
    assert answer.status == 409 and "no metric" in answer.text


def test_what_one_may_not_see_is_like_what_is_not_there(server, user, sweep):
    other = server.add_user()
    hidden = insights(server, other, sweep, entity=user.name)
    missing = insights(server, other, "nothing1", entity=user.name)
    assert (hidden.status, missing.status) == (404, 404)
    assert hidden.text.replace(sweep, "nothing1") == missing.text
    assert server.get(f"/api/sweeps/{user.name}/p/{sweep}/insights").status == 401


def test_the_command_shows_it(server, user, sweep, person):
    finish(server, user, sweep, 20)
    text = person.regatta("sweep", "insights", sweep, "--contour", "lr,kind").stdout
    for words in ("score, 20 results", "WITH OTHERS", "there score is expected to be", "PREDICTED"):
        assert words in text, text
    assert person.json("sweep", "insights", sweep)["importance"]["parameters"][0]["name"] == "lr"
    person.regatta("sweep", "insights", "nothing1", expect=NOT_FOUND)


def test_an_early_stop_gives_its_rule_rung_value_and_threshold(server, user, person):
    rule = "early_terminate: {type: hyperband, min_iter: 2, eta: 2}\n"
    sweep = person.json("sweep", "create", "-", "-p", "p", stdin=SWEEP + rule)["name"]
    for number, score in enumerate([4, 3, 2, 1]):
        run = f"{sweep}r{number}"
        server.create_run(user, "p", run, sweep=sweep, config=json.dumps({"lr": {"value": 0.01}, "kind": {"value": "a"}}))
        rows = [json.dumps({"_step": step, "score": score}) for step in range(2)]
        assert server.file_stream(user, "p", run, {"files": {"wandb-history.jsonl": {"offset": 0, "content": rows}}}).status == 200
    query = """query Stops($entity: String!, $sweep: String!) { project(name: "p", entityName: $entity) { sweep(sweepName: $sweep) {
      points runs { edges { node { name why earlyStop { rule rung value threshold audit } } } } } } }"""
    told = server.graphql(query, {"entity": user.name, "sweep": sweep}, key=user.key)["project"]["sweep"]
    nodes = {edge["node"]["name"]: edge["node"] for edge in told["runs"]["edges"]}
    stopped = nodes[f"{sweep}r3"]
    assert stopped["earlyStop"] == {"rule": "hyperband", "rung": 2, "value": 1, "threshold": 2, "audit": False}
    assert "than 2, the mark" in stopped["why"], "the sentence names the same threshold"
    assert nodes[f"{sweep}r0"]["earlyStop"] is None
    points = told["points"] if isinstance(told["points"], list) else json.loads(told["points"])
    attempts = {attempt["run"]: attempt for point in points for attempt in point["attempts"]}
    assert attempts[f"{sweep}r3"]["earlyStop"] == stopped["earlyStop"]
    assert "earlyStop" not in attempts[f"{sweep}r0"]


def test_what_became_of_the_runs_that_were_spared_outlives_the_server(tmp_path):
    file = SWEEP + "early_terminate: {type: asha, min_iter: 1, max_iter: 3}\nregatta: {seed: 2}\n"
    with Server.start(tmp_path / "data") as server:
        user = User(server.graphql("query { viewer { entity } }", key=server.admin_key)["viewer"]["entity"], server.admin_key)
        sweep = Person(tmp_path, server, user).json("sweep", "create", "-", "-p", "p", stdin=file)["name"]
        draws = random.Random(0)

        def log(run: str, line: int, score: float, **end):
            content = {"offset": line, "content": [json.dumps({"_step": line, "score": score})]}
            assert server.file_stream(user, "p", run, {"files": {"wandb-history.jsonl": content}, **end}).status == 200

        names = [f"{sweep}r{number:02}" for number in range(70)]
        for run in names:
            config = {"lr": {"value": 10 ** draws.uniform(-4, -1)}, "kind": {"value": "a"}}
            server.create_run(user, "p", run, sweep=sweep, config=json.dumps(config))
            log(run, 0, draws.random())
        query = """query Stops($entity: String!, $sweep: String!) { project(name: "p", entityName: $entity) { sweep(sweepName: $sweep) {
          points runs(first: 100) { edges { node { name why earlyStop { rung value threshold audit } } } } } } }"""

        def ask() -> dict:
            return server.graphql(query, {"entity": user.name, "sweep": sweep}, key=user.key)["project"]["sweep"]

        def said() -> tuple[list[str], list[str]]:
            """The runs that were spared, and those that were stopped."""
            stops = {edge["node"]["name"]: edge["node"]["earlyStop"] for edge in ask()["runs"]["edges"]}
            return [run for run in names if stops[run] and stops[run]["audit"]], [run for run in names if stops[run] and not stops[run]["audit"]]

        best = said()[0][0]
        for run in names:
            log(run, 1, 2.0 if run == best else 0.0, complete=True, exitcode=0)
        spared, stopped = said()
        assert len(spared) >= 2 and len(stopped) > 20, "the seed of the sweep is chosen so"
        expected = {"stopped": len(stopped), "audited": len(spared), "wrong": 1}
        assert insights(server, user, sweep).json()["early_stops"] == expected
        server.kill()
    with Server.start(tmp_path / "data") as server:
        assert insights(server, user, sweep).json()["early_stops"] == expected
        told = ask()
        points = told["points"] if isinstance(told["points"], list) else json.loads(told["points"])
        reasons = {attempt["run"]: attempt["why"] for point in points for attempt in point["attempts"]}
        for node in (edge["node"] for edge in told["runs"]["edges"] if edge["node"]["name"] in spared):
            stop = node["earlyStop"]
            assert node["why"] == reasons[node["name"]], (node, reasons)
            assert re.fullmatch(rf"asha would have stopped it at {stop['rung']}, with a best value of (\S+) against (\S+); it was spared to test the rule", node["why"])
            assert re.findall(r"0\.\d+", node["why"]) == [f"{stop['value']:.6g}", f"{stop['threshold']:.6g}"]
        text = Person(tmp_path, server, user).regatta("sweep", "insights", sweep).stdout
        assert f"{len(stopped)} runs stopped early; {len(spared)} spared to test the rule, of which 1 ended" in text, text
