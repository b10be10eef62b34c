"""What was logged is what is read back, bit for bit, whatever the row looks like."""
import json
import math
import random

import pytest

PROJECT = "rows"

# Logs the rows of a Python file, reads them back with scan_history, and hands over repr() of both sides.
ROUND_TRIP = """
nan, inf = math.nan, math.inf
rows = eval(pathlib.Path(sys.argv[1]).read_text())
with wandb.init(project="rows", id="r") as run:
    for row in rows:
        run.log(row)
read = [{k: v for k, v in row.items() if not k.startswith("_")}
        for row in wandb.Api().run(f"{run.entity}/rows/r").scan_history()]
result({"logged": [repr(row) for row in rows], "read": [repr(dict(sorted(row.items()))) for row in read]})
"""


def round_trip(client, rows):
    path = client.folder / "rows.txt"
    path.write_text(repr([dict(sorted(row.items())) for row in rows]))
    return client.run(ROUND_TRIP, path)


@pytest.mark.parametrize("rows", [
    pytest.param([{"x": 0.1}, {"x": 1e-308}, {"x": 1.7976931348623157e308}, {"x": 5e-324}, {"x": -2.5}, {"x": 2 / 3}], id="floats"),
    pytest.param([{"x": 0}, {"x": 2**53 + 1}, {"x": 2**63 - 1}, {"x": -(2**63)}], id="64-bit integers"),
    pytest.param([{"schön": "straße"}, {"键": "値 🚣"}, {"a b/c-d": "tab\tquote\"backslash\\newline\n"}], id="unicode and escapes"),
    pytest.param([{"x": True, "y": False}, {"x": "text"}, {"x": [1, 2.5, "three", [4]]}], id="kinds of values"),
])
def test_plain_values_come_back_as_logged(client, rows):
    both = round_trip(client, rows)
    assert both["read"] == both["logged"]


def test_nan_and_infinity_come_back_as_logged(client):
    seen = client.run("""
        with wandb.init(project="rows", id="special") as run:
            run.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": 1.5})
            run.log({"a": 1.0})
        rows = list(wandb.Api().run(f"{run.entity}/rows/special").scan_history())
        result([[str(row.get(k)) for k in "abcd"] for row in rows])
    """)
    first = [text.lower().replace("infinity", "inf") for text in seen[0]]
    assert first == ["nan", "inf", "-inf", "1.5"]
    assert seen[1][0] == "1.0" or seen[1][0] == "1"


def test_nested_values_come_back(client):
    seen = client.run("""
        with wandb.init(project="rows", id="nested") as run:
            for i in range(3):
                run.log({"a": {"b": {"c": i}}, "d.e": i * 10})
        run = wandb.Api().run(f"{run.entity}/rows/nested")
        result({"all": [{k: v for k, v in row.items() if not k.startswith("_")} for row in run.scan_history()],
                "key": [row.get("a.b.c") for row in run.scan_history(keys=["a.b.c"])]})
    """)
    values = []
    for row in seen["all"]:
        nested = row["a"]["b"]["c"] if "a" in row else row["a.b.c"]
        dotted = row["d.e"] if "d.e" in row else row["d"]["e"]
        values.append((nested, dotted))
    assert values == [(0, 0), (1, 10), (2, 20)]
    assert seen["key"] == [0, 1, 2]


def test_a_line_of_ten_megabytes_comes_back(client):
    seen = client.run("""
        import hashlib
        text = "0123456789" * 1_000_000
        with wandb.init(project="rows", id="big") as run:
            run.log({"text": text, "x": 1})
            run.log({"x": 2})
        rows = list(wandb.Api(timeout=60).run(f"{run.entity}/rows/big").scan_history())
        result({"same": rows[0]["text"] == text, "rows": len(rows), "x": [row["x"] for row in rows]})
    """)
    assert seen == {"same": True, "rows": 2, "x": [1, 2]}


def test_ten_thousand_rows_come_back_in_order(client):
    seen = client.run("""
        with wandb.init(project="rows", id="many") as run:
            for i in range(10_000):
                run.log({"x": i, "y": i * 0.5})
        rows = [(row["_step"], row["x"], row["y"]) for row in wandb.Api().run(f"{run.entity}/rows/many").scan_history(page_size=1000)]
        result({"count": len(rows), "good": rows == [(i, i, i * 0.5) for i in range(10_000)]})
    """)
    assert seen == {"count": 10_000, "good": True}


def test_steps_given_by_hand_are_kept(client):
    seen = client.run("""
        with wandb.init(project="rows", id="steps") as run:
            for step in (0, 5, 1_000_000, 2**40):
                run.log({"x": step}, step=step)
        result([(row["_step"], row["x"]) for row in
                wandb.Api().run(f"{run.entity}/rows/steps").history(pandas=False, keys=["x"])])
    """)
    assert seen == [[0, 0], [5, 5], [1_000_000, 1_000_000], [2**40, 2**40]]


# --- without the client: what it may send, in any order and as often as it likes ---

HISTORY = """
query History($e: String!, $p: String!, $r: String!) { project(name: $p, entityName: $e) { run(name: $r) {
  state historyLineCount history(samples: 100000) } } }"""


def rows_of(server, user, run):
    found = server.graphql(HISTORY, {"e": user.name, "p": PROJECT, "r": run}, key=user.key)["project"]["run"]
    return found["historyLineCount"], found["history"]


def lines(first, count):
    return [json.dumps({"_step": i, "_runtime": i * 1.0, "_timestamp": 1e9 + i, "x": i}) for i in range(first, first + count)]


def history(offset, content, **more):
    return {"files": {"wandb-history.jsonl": {"offset": offset, "content": content}}, **more}


def test_a_resent_request_changes_nothing(server, user):
    server.create_run(user, PROJECT, "resent")
    for _ in range(3):
        assert server.file_stream(user, PROJECT, "resent", history(0, lines(0, 10))).status == 200
    count, rows = rows_of(server, user, "resent")
    assert count == 10
    assert [json.loads(row)["x"] for row in rows] == list(range(10))


def test_overlapping_pieces_make_one_run_of_rows(server, user):
    server.create_run(user, PROJECT, "pieces")
    for first, size in ((0, 4), (2, 4), (0, 1), (6, 3), (5, 10), (14, 1)):
        assert server.file_stream(user, PROJECT, "pieces", history(first, lines(first, size))).status == 200
    count, rows = rows_of(server, user, "pieces")
    assert count == 15
    assert [json.loads(row)["_step"] for row in rows] == list(range(15))


def test_keys_in_any_order_and_bare_special_numbers_are_kept(server, user):
    server.create_run(user, PROJECT, "bare")
    # The client itself sends -0.0 as 0, so only here can its sign be seen.
    row = '{"b": NaN, "_step": 0, "a": -Infinity, "c": Infinity, "n": 9223372036854775807, "z": -0.0, "_timestamp": 1}'
    assert server.file_stream(user, PROJECT, "bare", history(0, [row])).status == 200
    _, rows = rows_of(server, user, "bare")
    assert rows == [row]
    read = json.loads(rows[0])
    assert math.isnan(float(read["b"])) and float(read["a"]) == -math.inf and float(read["c"]) == math.inf
    assert read["n"] == 9223372036854775807


def test_a_line_that_is_not_json_refuses_its_request_whole_and_the_run_goes_on(server, user):
    server.create_run(user, PROJECT, "spoiled")
    reply = server.file_stream(user, PROJECT, "spoiled", history(0, ['{"_step": 0, "x": 0}', '{"_step": 1, "x": ', '{"_step": 2, "x": 2}']))
    assert reply.status == 400
    assert "wandb-history.jsonl" in reply.text and "1" in reply.text, "the file and the line are named"
    assert rows_of(server, user, "spoiled") == (0, [])
    assert server.file_stream(user, PROJECT, "spoiled", history(0, lines(0, 3), complete=True, exitcode=0)).status == 200
    assert rows_of(server, user, "spoiled")[0] == 3


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_resent_in_whatever_pieces_is_stored_once(server, user, seed):
    """History, system events, console and summary together, cut and repeated at random, as a client that never hears back."""
    rng = random.Random(seed)
    run = f"resent-{seed}"
    server.create_run(user, PROJECT, run)
    sent = {"wandb-history.jsonl": lines(0, 40),
            "wandb-events.jsonl": [json.dumps({"_wandb": True, "_timestamp": 1e9 + i, "system.cpu": i}) for i in range(40)],
            "output.log": [f"2026-01-02T03:04:05.{i:06d} line {i}" for i in range(40)]}
    at = dict.fromkeys(sent, 0)
    while min(at.values()) < 40:
        files = {"wandb-summary.json": {"offset": 0, "content": [json.dumps({"x": min(at.values())})]}}
        for name in rng.sample(list(sent), rng.randint(1, 3)):
            first = rng.randint(0, min(at[name], 39))  # what went before may come again
            end = min(40, first + rng.randint(1, 15))
            files[name] = {"offset": first, "content": sent[name][first:end]}
            at[name] = max(at[name], end)
        for _ in range(rng.randint(1, 3)):
            assert server.file_stream(user, PROJECT, run, {"files": files}).status == 200
    last = {"files": {"wandb-summary.json": {"offset": 0, "content": ['{"x": 40}']}}, "complete": True, "exitcode": 0}
    for _ in range(2):
        assert server.file_stream(user, PROJECT, run, last).status == 200
    found = server.graphql("""query All($e: String!, $p: String!, $r: String!) { project(name: $p, entityName: $e) { run(name: $r) {
        historyLineCount eventsLineCount logLineCount history(samples: 1000) events(samples: 1000) summaryMetrics
        logLines(first: 1000) { edges { node { line } } } } } }""", {"e": user.name, "p": PROJECT, "r": run}, key=user.key)["project"]["run"]
    assert (found["historyLineCount"], found["eventsLineCount"], found["logLineCount"]) == (40, 40, 40)
    assert found["history"] == sent["wandb-history.jsonl"]
    assert found["events"] == sent["wandb-events.jsonl"]
    assert [edge["node"]["line"] for edge in found["logLines"]["edges"]] == [f"line {i}" for i in range(40)]
    assert json.loads(found["summaryMetrics"])["x"] == 40


def test_gzip_bodies_are_read(server, user):
    import gzip
    server.create_run(user, PROJECT, "zipped")
    body = gzip.compress(json.dumps(history(0, lines(0, 5))).encode())
    reply = server.request("POST", f"/files/{user.name}/{PROJECT}/zipped/file_stream", body, key=user.key,
                           headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
    assert reply.status == 200
    assert rows_of(server, user, "zipped")[0] == 5


@pytest.mark.parametrize("code,state", [(0, "finished"), (1, "failed"), (255, "failed"), (-9, "failed")])
def test_the_exit_code_decides_the_state(server, user, code, state):
    server.create_run(user, PROJECT, "ends")
    assert server.file_stream(user, PROJECT, "ends", history(0, lines(0, 1), complete=True, exitcode=code)).status == 200
    found = server.graphql(HISTORY, {"e": user.name, "p": PROJECT, "r": "ends"}, key=user.key)["project"]["run"]
    assert found["state"] == state
