"""The server as a process: first start, later starts, stopping, refusing."""
import contextlib
import http.client
import json
import os
import socket
import sqlite3
import stat
import subprocess
import threading
import time

import pytest

from harness.server import STOP_SECONDS_MAX, Server, User, basic

RUN = "query R($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"r\") { state historyLineCount history(samples: 1000) } } }"


def rows(first, count):
    return {"files": {"wandb-history.jsonl": {"offset": first, "content": [json.dumps({"_step": i, "x": i}) for i in range(first, first + count)]}}}


def first_user(server) -> User:
    entity = server.graphql("query Viewer { viewer { entity } }", key=server.admin_key)["viewer"]["entity"]
    return User(entity, server.admin_key)


def wait_until(is_so, seconds_max=20):
    deadline = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def status_of_refusal(process) -> int:
    """The exit status of a server that should refuse to run; one that runs after all is ended, and None."""
    try:
        return process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def test_the_first_start_makes_an_administrator_and_keeps_the_key_out_of_the_log(tmp_path):
    with Server.start(tmp_path / "data") as server:
        key_file = tmp_path / "data/api-key"
        assert stat.S_IMODE(os.stat(key_file).st_mode) == 0o600
        assert len(server.admin_key) >= 40
        assert server.admin_key not in server.log()
        assert str(key_file) in server.log()
        users = server.admin("GET", "/users").json()
        listed = users["users"] if isinstance(users, dict) else users
        assert [user["admin"] for user in listed] == [True]


def test_what_a_client_sends_after_its_project_was_renamed_reaches_no_other_run(server, user):
    old = server.create_run(user, "p", "r")["bucket"]
    for first in (0, 1):  # from the second on the server knows the run by its path
        assert server.file_stream(user, "p", "r", rows(first, 1)).status == 200
    rename = "mutation($id: String, $name: String) { upsertModel(input: {id: $id, name: $name}) { project { name } } }"
    assert server.graphql(rename, {"id": old["project"]["id"], "name": "p_old"}, key=user.key)["upsertModel"]["project"]["name"] == "p_old"
    assert server.file_stream(user, "p", "r", rows(2, 1)).status == 404
    server.create_run(user, "p", "r")
    other = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":0,"x":"other"}']}}}
    assert server.file_stream(user, "p", "r", other).status == 200
    history = "query($e: String!, $p: String!) { project(name: $p, entityName: $e) { run(name: \"r\") { history(samples: 10) } } }"
    def of(project):
        return server.graphql(history, {"e": user.name, "p": project}, key=user.key)["project"]["run"]["history"]
    assert of("p") == ['{"_step":0,"x":"other"}']
    assert of("p_old") == ['{"_step": 0, "x": 0}', '{"_step": 1, "x": 1}']
    for name, why in (("a/b?c", "project name"), ("p", "already")):
        reply = server.request("POST", "/graphql", {"query": rename, "variables": {"id": old["project"]["id"], "name": name}}, key=user.key)
        assert reply.status < 500 and why in reply.json()["errors"][0]["message"], reply.text


def test_a_later_start_finds_what_was_there(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        assert server.file_stream(user, "p", "r", rows(0, 100)).status == 200
        assert server.stop() == 0
    with Server.start(tmp_path / "data") as server:
        assert first_user(server) == user
        run = server.graphql(RUN, {"e": user.name}, key=user.key)["project"]["run"]
        assert run["historyLineCount"] == 100
        assert [json.loads(row)["x"] for row in run["history"]] == list(range(100))


def test_health_readiness_and_metrics_are_open_and_readable(tmp_path):
    with Server.start(tmp_path / "data") as server:
        assert server.get("/healthz").status == 200
        assert server.get("/ready").status == 200
        metrics = server.get("/metrics")
        assert metrics.status == 200
        assert metrics.headers["content-type"].startswith("text/plain")
        lines = metrics.text.splitlines()
        assert any(line.startswith("# TYPE regatta_") for line in lines)
        assert all(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 for line in lines if line)


def test_sigterm_ends_the_server_within_five_seconds_with_status_0(tmp_path):
    with Server.start(tmp_path / "data") as server:
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5


def post_and_be_cut_off(server, user):
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert server.file_stream(user, "p", "r", rows(10, 10)).status == 503


def test_a_client_in_the_middle_of_something_does_not_hold_the_server(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        head = "".join(f"{name}: {value}\r\n" for name, value in basic(user.key).items())
        begun = [f"POST /files/{user.name}/p/r/file_stream HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 100000\r\n\r\n{{",
                 f"GET /api/events HTTP/1.1\r\nHost: x\r\n{head}\r\n", "POST /graphql HTTP/1.1\r\nHo"]
        connections = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in begun]
        for connection, text in zip(connections, begun):
            connection.sendall(text.encode())
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5.5  # and what the test's own machine takes
        for connection in connections:
            connection.close()


def test_a_write_that_hangs_does_not_hold_the_server_and_nothing_answered_is_lost(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        assert server.file_stream(user, "p", "r", rows(0, 10)).status == 200
        other = sqlite3.connect(tmp_path / "data/regatta.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # no one else can write until this ends
        hanging = threading.Thread(target=post_and_be_cut_off, args=(server, user))
        hanging.start()
        wait_until(lambda: "regatta_http_requests_in_flight 2" in server.get("/metrics").text)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5.5
        hanging.join()
        other.close()
    with Server.start(tmp_path / "data") as server:
        assert server.graphql(RUN, {"e": user.name}, key=user.key)["project"]["run"]["historyLineCount"] == 10


def test_a_second_server_on_the_same_folder_is_refused_with_the_first_ones_pid(tmp_path):
    with Server.start(tmp_path / "data") as server:
        log = tmp_path / "second.log"
        second = Server.spawn(tmp_path / "data", log=log)
        assert status_of_refusal(second) not in (0, None)
        assert str(server.process.pid) in log.read_text()
        assert server.get("/healthz").status == 200


def test_a_taken_port_is_an_error_that_names_it(tmp_path):
    with Server.start(tmp_path / "one") as server:
        log = tmp_path / "second.log"
        second = Server.spawn(tmp_path / "two", port=server.port, log=log)
        assert status_of_refusal(second) not in (0, None)
        assert str(server.port) in log.read_text()


def test_data_of_a_newer_version_are_refused_unchanged(tmp_path):
    with Server.start(tmp_path / "data") as server:
        server.stop()
    databases = list((tmp_path / "data").glob("*.db")) + list((tmp_path / "data").glob("*.sqlite*"))
    database = next(path for path in databases if path.stat().st_size)
    with sqlite3.connect(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version > 0
        connection.execute(f"PRAGMA user_version = {version + 1000}")
    connection.close()
    log = tmp_path / "newer.log"
    process = Server.spawn(tmp_path / "data", log=log)
    assert status_of_refusal(process) not in (0, None)
    assert "newer" in log.read_text()
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == version + 1000


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    log = tmp_path / "log"
    process = Server.spawn(blocked / "data", log=log)
    assert status_of_refusal(process) not in (0, None)
    assert str(blocked) in log.read_text()


@pytest.mark.parametrize("arguments", [("--listen", "nonsense"), ("--listen", "127.0.0.1:99999"), ("--no-such-option",),
                                       ("--config", "/does/not/exist.yaml"), ("--base-url", "not a url"),
                                       ("--tls-cert", "/does/not/exist.pem", "--tls-key", "/does/not/exist.pem")])
def test_a_wrong_option_is_an_error_that_names_it(tmp_path, arguments):
    log = tmp_path / "log"
    process = Server.spawn(tmp_path / "data", *arguments, log=log)
    refused = status_of_refusal(process)
    assert refused == 2 or (refused not in (0, None) and "tls" in arguments[0])  # the files are looked for at the start
    assert arguments[0].lstrip("-") in log.read_text() or arguments[1] in log.read_text(), log.read_text()


def test_an_open_server_answers_only_the_loopback_and_needs_no_key(tmp_path):
    with Server.start(tmp_path / "data", "--open") as server:
        reply = server.request("POST", "/graphql", {"query": "query { viewer { username } }"})
        assert reply.status == 200 and reply.json()["data"]["viewer"]["username"]
    log = tmp_path / "log"
    process = Server.spawn(tmp_path / "other", "--open", "--listen", "0.0.0.0:0", log=log)
    assert status_of_refusal(process) not in (0, None)
    assert "open" in log.read_text()


FOREIGN = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.mark.parametrize("headers", FOREIGN, ids=[" ".join(next(iter(one.items()))) for one in FOREIGN])
def test_an_open_server_does_nothing_for_a_page_of_another_place(tmp_path, headers):
    """As a browser sends it without asking first: a form's media type, and no key."""
    with Server.start(tmp_path / "data", "--open") as server:
        body = json.dumps({"name": "intruder", "admin": True}).encode()
        for method, path in (("POST", "/graphql"), ("POST", "/api/admin/users"), ("GET", "/files/x/y/z/config.yaml"), ("GET", "/api/admin/users")):
            reply = server.request(method, path, body if method == "POST" else None, headers={"Content-Type": "text/plain", **headers})
            assert reply.status == 403 and "--open" in reply.text, reply.text
        assert "intruder" not in server.admin("GET", "/users").text
        own = {"Host": f"localhost:{server.port}", "Origin": f"http://localhost:{server.port}", "Sec-Fetch-Site": "same-origin"}
        assert server.request("POST", "/api/admin/users", {"name": "guest"}, headers=own).status == 201


def test_what_needs_a_key_is_shared_with_no_other_origin(tmp_path):
    with Server.start(tmp_path / "data") as server:
        for path in ("/files/e/p/r/config.yaml", "/artifacts/e/00", "/artifactsV2/r/e/p/c/b/00/name"):
            assert "access-control-allow-origin" not in server.get(path, headers={"Origin": "http://evil.example"}).headers


def test_a_graceful_stop_loses_nothing_that_was_answered(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        answered = 0
        for first in range(0, 200, 10):
            assert server.file_stream(user, "p", "r", rows(first, 10)).status == 200
            answered = first + 10
        assert server.stop() == 0
    with Server.start(tmp_path / "data") as server:
        assert server.graphql(RUN, {"e": user.name}, key=user.key)["project"]["run"]["historyLineCount"] == answered


def test_a_silent_connection_is_closed(tmp_path):
    with Server.start(tmp_path / "data") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=90) as connection:
            connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Le")
            assert connection.recv(4096)[:12] in (b"", b"HTTP/1.1 408", b"HTTP/1.1 400")
