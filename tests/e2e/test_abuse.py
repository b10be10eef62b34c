"""Nothing that a client sends ends the server, hangs it, or makes it grow without bound."""
import base64
import gzip
import json
import os
import pathlib
import re
import socket
import threading

import pytest

from harness.server import Server, basic

MEMORY_MB_MAX = 1024  # of which bodies in flight may take half
if os.environ.get("REGATTA_UNDER_SANITIZER"):
    MEMORY_MB_MAX *= 3  # shadow memory, and what was freed is kept for a while
MILLION = 10**6
INT64_MAX = 2**63 - 1
INT32_MAX = 2**31 - 1


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("abuse") / "data") as running:
        yield running


@pytest.fixture
def run(server):
    user = server.add_user()
    server.create_run(user, "p", "r")
    return user


@pytest.fixture(autouse=True)
def goes_on(server):
    """After each test the same process still answers, and never held more memory than it may."""
    yield
    assert server.process.poll() is None, server.log()
    assert server.get("/healthz").status == 200
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024
    assert peak < MEMORY_MB_MAX, f"{peak} MB"


def history(offset, rows):
    return {"files": {"wandb-history.jsonl": {"offset": offset, "content": rows}}}


def stream(server, user, body, **options):
    return server.file_stream(user, "p", "r", body, seconds_max=120, **options)


def read(server, user, what, seconds_max=60):
    query = f"query($e: String!) {{ project(name: \"p\", entityName: $e) {{ run(name: \"r\") {{ {what} }} }} }}"
    reply = server.request("POST", "/graphql", {"query": query, "variables": {"e": user.name}}, key=user.key, seconds_max=seconds_max)
    answer = reply.json()
    assert "errors" not in answer, reply.text[:500]
    return answer["data"]["project"]["run"]


def test_a_row_of_a_million_keys_is_kept(server, run):
    row = json.dumps({f"k{i}": i for i in range(MILLION)})
    assert stream(server, run, history(0, [row])).status == 200
    assert read(server, run, "history(samples: 10)")["history"] == [row]


def test_a_body_of_a_hundred_megabytes_is_refused_with_its_limit(server, run):
    """Before any of it is sent: the head says how long it is."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(authorized_head(run, f"/files/{run.name}/p/r/file_stream", f"Content-Length: {100 * MILLION}"))
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 413") and b"67108864" in answer
    assert read(server, run, "historyLineCount")["historyLineCount"] == 0


def test_a_line_beyond_the_limit_is_refused_by_name(server, run):
    reply = stream(server, run, history(0, [json.dumps({"x": "a" * 50 * MILLION})]))
    assert reply.status == 400 and "wandb-history.jsonl" in reply.text


@pytest.mark.parametrize("body", [
    json.dumps(history(0, ['{"a":' * 100_000 + "1" + "}" * 100_000])).encode(),
    b'{"files":' * 50_000,
    b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{\\"a\\": \\"\xff\xfe\\"}"]}}}',
], ids=["a deep row", "a deep envelope", "no text"])
def test_what_is_no_row_is_refused(server, run, body):
    assert stream(server, run, body).status == 400
    assert read(server, run, "historyLineCount")["historyLineCount"] == 0


@pytest.mark.parametrize("offset", [-1, -2**63, 2**63, INT64_MAX, INT64_MAX - 1, 10**18, INT32_MAX])
def test_an_offset_beyond_any_file_is_refused_and_changes_nothing(server, run, offset):
    for name in ("wandb-history.jsonl", "output.log"):
        reply = stream(server, run, {"files": {name: {"offset": offset, "content": ["{}"] * 2}}})
        assert reply.status == 400 and name in reply.text, reply.text
    assert read(server, run, "historyLineCount logLineCount") == {"historyLineCount": 0, "logLineCount": 0}


def test_two_lines_at_the_two_ends_of_a_file_cost_two_lines(server, run):
    for name, line in (("wandb-history.jsonl", '{"x":1}'), ("output.log", "text")):
        for offset in (0, INT32_MAX - 1):
            assert stream(server, run, {"files": {name: {"offset": offset, "content": [line]}}}).status == 200
    assert read(server, run, "historyLineCount logLineCount") == {"historyLineCount": INT32_MAX, "logLineCount": INT32_MAX}
    for samples in (1, 2, 500, 20_000, INT32_MAX - 1, INT32_MAX):
        rows = read(server, run, f"history(samples: {samples})", seconds_max=20)["history"]
        assert rows == ['{"x":1}'] * min(samples, 2), samples
    specs = json.dumps(json.dumps({"keys": ["x"], "samples": INT64_MAX}))
    assert read(server, run, f"sampledHistory(specs: [{specs}])", seconds_max=20)["sampledHistory"] == [[{"x": 1}] * 2]
    page = read(server, run, f"logLines(first: {INT32_MAX}) {{ edges {{ node {{ line }} }} }}", seconds_max=20)["logLines"]["edges"]
    assert len(page) <= 10_000 and page[0]["node"]["line"] == "text"


def test_steps_at_the_ends_of_their_range_are_kept_and_found(server, run):
    steps = [2**63 - 1, -(2**63), 10**25]
    assert stream(server, run, history(0, [json.dumps({"_step": step}) for step in steps] + ['{"_step":1e300}'])).status == 200
    assert len(read(server, run, "history(samples: 10)")["history"]) == 4
    assert read(server, run, f"history(minStep: {INT64_MAX}, maxStep: {-2**63}, samples: {INT32_MAX})")["history"] == []


@pytest.mark.parametrize("row", ['{"\\ud800":1}', '{"\\u0000":2}', '{"a":"\\ud83d"}', '{"":0}', '{"a":1,"a":2}', '{"\u202e\U0001f600":1}'])
def test_texts_at_the_edge_of_unicode_come_back_as_they_were_sent(server, run, row):
    assert stream(server, run, history(0, [row])).status == 200
    assert read(server, run, "history(samples: 10)")["history"] == [row]


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "a\nb", "%2e%2e", "x" * 10_000, "a\0b"])
def test_a_run_that_could_not_be_addressed_is_not_made(server, run, name):
    reply = server.request("POST", "/graphql", {"query": """mutation($n: String, $e: String) { upsertBucket(input: {name: $n, modelName: "p",
        entityName: $e}) { bucket { id } } }""", "variables": {"n": name, "e": run.name}}, key=run.key)
    assert "run id" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "..", "", "a//b", "a\\..\\b", "a\0b", "./a", "x" * 5000])
def test_a_file_outside_of_its_run_has_no_address(server, run, name):
    reply = server.request("POST", "/graphql", {"query": """mutation($f: [String!]!, $e: String) { createRunFiles(input: {entityName: $e,
        projectName: "p", runName: "r", files: $f}) { files { uploadUrl } } }""", "variables": {"f": [name], "e": run.name}}, key=run.key)
    assert "file name" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("field,text", [
    ("runs(first: 10, filters: $t) { edges { node { name } } }", json.dumps({"name": {"$regex": "(a+)+" * 2000 + "$"}})),
    ("runs(first: 10, filters: $t) { edges { node { name } } }", '{"$and":[' * 5000 + "{}" + "]}" * 5000),
    ("runs(first: 10, after: $t) { edges { node { name } } }", "%%%"),
], ids=["a regular expression", "a deep filter", "a cursor"])
def test_a_listing_is_refused_where_it_would_not_end(server, run, field, text):
    kind = "JSONString" if "filters" in field else "String"
    reply = server.request("POST", "/graphql", {"query": f"query($e: String, $t: {kind}) {{ project(name: \"p\", entityName: $e) {{ {field} }} }}",
                                                "variables": {"e": run.name, "t": text}}, key=run.key)
    assert reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("config", [
    "method: grid\nparameters: " + "{a: " * 20_000 + "1" + "}" * 20_000,
    "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join(['*a' + str(i - 1)] * 10)}]\n" for i in range(1, 10))
    + "method: grid\nparameters: {lr: {values: *a9}}\n",
    json.dumps({"method": "grid", "parameters": {f"p{i}": {"values": list(range(100_000))} for i in range(5)}}),
], ids=["deep", "aliases of aliases", "a grid without end"])
def test_a_sweep_file_that_would_explode_is_refused(server, run, config):
    reply = server.request("POST", "/graphql", {"query": """mutation($c: String!, $e: String) { upsertSweep(input: {config: $c, projectName: "p",
        entityName: $e}) { sweep { name } } }""", "variables": {"c": config, "e": run.name}}, key=run.key, seconds_max=60)
    assert "sweep config" in reply.json()["errors"][0]["message"]


def test_a_thousand_idle_and_a_thousand_slow_connections_are_no_burden(server):
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(2000)]
    for connection in connections[1000:]:
        connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: ")
    assert server.get("/ready").status == 200
    for connection in connections:
        connection.close()


def test_as_many_connections_as_the_hard_limit_allows_may_be_open(server):
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    soft, hard = re.search(r"Max open files\s+(\S+)\s+(\S+)", limits).groups()
    assert soft == hard


def authorized_head(user, path, *fields) -> bytes:
    key = base64.b64encode(f"api:{user.key}".encode()).decode()
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Basic {key}", *fields, "", ""]).encode()


def answer_of(connection) -> bytes:
    """The head of the answer and what came with it of the body; what there is of it if the connection breaks."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
            head, found, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length and len(body) >= int(length[1]):
                break
    except OSError:
        pass
    return answer


def test_a_chunked_body_that_never_ends_is_refused(server, run):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(authorized_head(run, f"/files/{run.name}/p/r/file_stream", "Transfer-Encoding: chunked"))
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(65):  # the limit is 64 of them; little beyond, so that it is read while the refusal lingers
            connection.sendall(chunk)
        assert answer_of(connection).startswith(b"HTTP/1.1 413")


def test_large_bodies_held_open_share_a_bounded_memory(server, run):
    connections = []
    for _ in range(16):  # 16 x 50 MB; 512 MB are what all bodies together may take
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=2)
        connection.sendall(authorized_head(run, f"/files/{run.name}/p/r/file_stream", "Content-Length: 60000000"))
        try:
            connection.sendall(b" " * 50 * MILLION)
        except OSError:
            pass
        connections.append(connection)
    assert server.get("/healthz").status == 200
    for connection in connections:
        connection.close()


def test_an_answer_is_bounded_however_often_it_names_the_same_rows(server, run):
    rows = [json.dumps({"_step": i, "x": "y" * 20_000}) for i in range(1000)]
    assert stream(server, run, history(0, rows)).status == 200
    assert len(read(server, run, "history(samples: 1000)")["history"]) == 1000
    one_by_one = " ".join(f"h{i}: history(samples: 1000)" for i in range(20))
    page = " ".join(f"h{i}: history(minStep: 0, maxStep: 1000, samples: 1000)" for i in range(20))
    lines = " ".join(f"h{i}: sampledHistory(specs: [{json.dumps(json.dumps({'keys': ['x'], 'minStep': 0, 'maxStep': 999, 'samples': 1000}))}])" for i in range(20))
    for what in (one_by_one, page, lines):
        query = f"query($e: String!) {{ project(name: \"p\", entityName: $e) {{ run(name: \"r\") {{ {what} }} }} }}"
        reply = server.request("POST", "/graphql", {"query": query, "variables": {"e": run.name}}, key=run.key, seconds_max=120)
        assert reply.status == 400 and "134217728 bytes" in reply.text and "samples" in reply.text, reply.text[:1000]
    first = read(server, run, "history(minStep: 0, samples: 3)")["history"]
    assert [json.loads(row)["_step"] for row in first] == [0, 1, 2]


def specs_of(count, samples=500):
    return ", ".join(json.dumps(json.dumps({"keys": ["_step", f"k{i % 20}"], "samples": samples})) for i in range(count))


def test_many_specs_are_answered_as_each_would_be_alone(server, run):
    rows = [json.dumps({"_step": i, "noise": "z" * 50, **{f"k{k}": i * k for k in range(20) if i % (k + 1) == 0}}) for i in range(3000)]
    rows += [json.dumps({"_step": i, "k3": -i}) for i in range(1000)]  # a run that went back
    assert stream(server, run, history(0, rows)).status == 200
    specs = [{"keys": ["k0"], "samples": 100}, {"keys": ["_step", "k3"], "samples": 50, "extremes": "k3"}, {"keys": ["k19"]}, {"keys": []},
             {"keys": ["k3"], "minStep": 100, "maxStep": 300, "samples": 1000}, {"keys": ["k1", "k2"], "minStep": 2000},
             {"keys": ["absent"]}, {"keys": ["k4"], "minStep": 2000, "samples": 7},
             {"keys": ["_step", "k3"], "samples": 50, "extremes": "k3", "smooth": 0.9},
             {"keys": ["_step", "k3"], "samples": 1000, "minStep": 100, "maxStep": 300, "extremes": "k3", "smooth": 0.9}] + [{"keys": [f"k{i % 20}"], "samples": 20} for i in range(100)]
    texts = [json.dumps(json.dumps(spec)) for spec in specs]
    together = read(server, run, f"sampledHistory(specs: [{', '.join(texts)}])")["sampledHistory"]
    for text, answer in zip(texts, together, strict=True):
        assert read(server, run, f"sampledHistory(specs: [{text}])")["sampledHistory"] == [answer], text
    in_range = [row["k3"] for row in together[4]]
    assert in_range == [value for i in range(100, 301) for value in ([i * 3, -i] if i % 4 == 0 else [-i])]
    assert together[0][0] == {"k0": 0} and len(together[0]) == 100 and len(together[7]) == 7 and together[3] == together[6] == []


def test_reads_that_take_long_keep_nothing_else_waiting(server, run):
    """Light requests overtake heavy ones that came before them, the same person's and others'."""
    other = server.add_user()
    rows = [json.dumps({"_step": i, "noise": "z" * 300, **{f"k{k}": i * k for k in range(20)}}) for i in range(20_000)]
    for first in range(0, len(rows), 5000):
        assert stream(server, run, history(first, rows[first:first + 5000])).status == 200
    fields = " ".join(f"h{i}: sampledHistory(specs: [{specs_of(60)}])" for i in range(4))
    heavy = {"query": f"query($e: String!) {{ project(name: \"p\", entityName: $e) {{ run(name: \"r\") {{ {fields} }} }} }}", "variables": {"e": run.name}}
    answered = []
    threads = [threading.Thread(target=lambda: answered.append(server.request("POST", "/graphql", heavy, key=run.key, seconds_max=300).status))
               for _ in range(24)]
    for thread in threads:
        thread.start()
    while requests_in_flight(server) < len(threads) - len(answered):
        pass
    for user in (run, other):
        server.graphql("query { viewer { username } }", key=user.key)
        server.create_run(user, "p", "light")
        assert server.file_stream(user, "p", "light", {"files": {}}).status == 200
        server.graphql("query($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"light\") { state } } }", {"e": user.name}, key=user.key)
    server.graphql("query($e: String!) { project(name: \"p\", entityName: $e) { runs(first: 10) { edges { node { name } } } } }", {"e": other.name}, key=other.key)
    assert len(answered) <= 12, "the light requests came after the heavy ones"
    for thread in threads:
        thread.join()
    assert answered == [200] * len(threads)


def requests_in_flight(server) -> int:
    """The one that asks excluded."""
    return int(re.search(r"^regatta_http_requests_in_flight (\d+)", server.get("/metrics").text, re.MULTILINE)[1]) - 1


@pytest.mark.parametrize("key", [None, "0" * 40], ids=["no key", "a key of nobody"])
@pytest.mark.parametrize("path,status", [("/graphql", 401), ("/files/e/p/r/file_stream", 401), ("/api/live-ticket", 401), ("/api/admin/users", 401),
                                         ("/sdk/otel/v1/logs", 404)])
def test_nobody_without_a_key_makes_the_server_read_a_body(server, path, status, key):
    """The answer comes before the body, of which nothing is ever sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        fields = ["Content-Length: 60000000", *(f"{name}: {value}" for name, value in (basic(key) if key else {}).items())]
        connection.sendall("\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode())
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 %d" % status) and b'"message"' in answer, answer


@pytest.mark.parametrize("path", ["/graphql", "/files/e/p/r/file_stream"])
@pytest.mark.parametrize("body", [b"{}", b" " * 100_000], ids=["small", "large"])
def test_a_body_without_a_key_is_refused_in_the_same_words(server, path, body):
    reply = server.request("POST", path, body)
    assert reply.status == 401 and "wandb login" in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("encoding,body,status", [("gzip", gzip.compress(b" " * 300 * MILLION), 413), ("br", b"{}", 400),
                                                  ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), 400), ("gzip", b"\x1f\x8b\x08\0", 400)],
                         ids=["a bomb", "unknown", "twice", "cut off"])
def test_an_encoding_that_is_none_or_a_bomb_is_refused(server, run, encoding, body, status):
    reply = server.request("POST", f"/files/{run.name}/p/r/file_stream", body, key=run.key, headers={"Content-Encoding": encoding})
    assert reply.status == status and reply.json()["errors"][0]["message"]
