"""What the server cannot or will not do: an answer at once, naming the thing, and no harm done."""
import json
import socket

import pytest


def ask(server, user, query, variables=None):
    return server.request("POST", "/graphql", {"query": query, "variables": variables or {}}, key=user.key)


def messages(reply):
    return [error["message"] for error in reply.json()["errors"]]


def test_an_unknown_field_is_named(server, user):
    reply = ask(server, user, "query { viewer { id shoeSize } }")
    assert any('Cannot query field "shoeSize" on type "User"' in message for message in messages(reply)), reply.text


def test_an_operation_that_is_not_supported_is_named_and_not_retried(server, user):
    """A retried status is 408, 429 or 5xx; a client must see none of them here."""
    for query, name in (
        ("mutation { createRunQueue(input: {entityName: \"e\"}) { success } }", "createRunQueue"),
        ("query { entity(name: \"e\") { launchProject { id } } }", "launchProject"),
    ):
        reply = ask(server, user, query)
        assert reply.status in (200, 400), reply.text
        assert any(name in message for message in messages(reply)), reply.text


@pytest.mark.parametrize("call", [
    "wandb.Api().create_run_queue(name='q', type='local-process')",
    "wandb.Api().run_queue(wandb.Api().default_entity, 'q').items",
    "wandb.Api().create_registry(name='r', visibility='organization', organization='o')",
])
@pytest.mark.versions("0.31.0")
def test_the_client_gets_an_unsupported_operations_error_at_once(client, call):
    # A client that retries does so twenty times, for more than ten minutes.
    done = client.python(call, check=False, seconds_max=100)
    assert done.code != 0


@pytest.mark.parametrize("body,status", [
    pytest.param(b"", 400, id="empty"),
    pytest.param(b"{", 400, id="cut off"),
    pytest.param(b"[]", 400, id="a list"),
    pytest.param(b'"text"', 400, id="a string"),
    pytest.param(b'{"variables": {}}', 400, id="no query"),
    pytest.param(b'{"query": 7}', 400, id="a number for the query"),
    pytest.param(b'{"query": "query {"}', 400, id="a query cut off"),
    pytest.param(b'\xff\xfe\x00', 400, id="not text"),
    pytest.param(b"[" * 100_000, 400, id="a hundred thousand brackets"),
])
def test_a_malformed_graphql_body_is_refused(server, user, body, status):
    reply = server.request("POST", "/graphql", body, key=user.key, headers={"Content-Type": "application/json"})
    assert reply.status in (status, 200) and reply.json()["errors"][0]["message"], reply.text
    assert server.get("/healthz").status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"nonsense", b'{"files": 7}', b'{"files": {"wandb-history.jsonl": {"offset": -1, "content": ["{}"]}}}',
                                  b'{"files": {"wandb-history.jsonl": {"offset": "zero", "content": ["{}"]}}}',
                                  b'{"files": {"wandb-history.jsonl": {"offset": 0, "content": [1, 2]}}}'])
def test_a_malformed_file_stream_body_is_refused_and_stores_nothing(server, user, body):
    server.create_run(user, "p", "bad")
    reply = server.request("POST", f"/files/{user.name}/p/bad/file_stream", body, key=user.key)
    assert reply.status == 400, (reply.status, reply.text)
    assert "error" in reply.text
    count = server.graphql("query Q($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"bad\") { historyLineCount } } }",
                           {"e": user.name}, key=user.key)["project"]["run"]["historyLineCount"]
    assert count == 0


def test_an_unknown_runs_stream_is_a_404_that_names_it(server, user):
    reply = server.file_stream(user, "p", "never-made", {})
    assert reply.status == 404
    assert "never-made" in reply.text


@pytest.mark.parametrize("method,path", [("POST", "/graphql"), ("POST", "/files/e/p/r/file_stream"), ("GET", "/api/admin/users")])
def test_without_or_with_a_wrong_key_nothing_is_answered(server, method, path):
    body = {"query": "query { viewer { id } }"} if path == "/graphql" else ({} if method == "POST" else None)
    for key in (None, "0" * 40, "", "x" * 10_000):
        reply = server.request(method, path, body, key=key)
        assert reply.status in (401, 431), (key, reply.status)
        assert server.admin_key not in reply.text


def test_only_administrators_administrate(server, user):
    for method, path, body in (("GET", "/users", None), ("POST", "/users", {"name": "sneaky"}), ("DELETE", f"/users/{user.name}", None)):
        assert server.request(method, "/api/admin" + path, body, key=user.key).status == 403


def test_a_deep_query_is_refused(server, user):
    query = "query { " + "project { run { " * 500 + "id" + " } }" * 500 + " }"
    assert any("deep" in message or "depth" in message or "nest" in message for message in messages(ask(server, user, query)))


def test_a_query_with_a_hundred_thousand_aliases_is_refused(server, user):
    query = "query { " + " ".join(f"a{i}: viewer {{ id }}" for i in range(100_000)) + " }"
    reply = ask(server, user, query)  # within the 30 s of any request
    assert reply.status in (200, 400, 413) and "errors" in reply.text


def test_fragments_in_a_circle_are_refused(server, user):
    reply = ask(server, user, "query { viewer { ...A } } fragment A on User { ...B } fragment B on User { ...A }")
    assert messages(reply)


def test_a_gzip_bomb_is_refused(server, user):
    import gzip
    server.create_run(user, "p", "bombed")
    bomb = gzip.compress(b" " * 500_000_000, compresslevel=9)
    reply = server.request("POST", f"/files/{user.name}/p/bombed/file_stream", bomb, key=user.key, headers={"Content-Encoding": "gzip"})
    assert reply.status in (400, 413)
    assert server.get("/healthz").status == 200


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(server, user):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: {10**12}\r\nContent-Type: application/json\r\n\r\n".encode())
        answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 4"), answer


@pytest.mark.parametrize("head", [
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"NONSENSE\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
], ids=["long header", "many headers", "nonsense", "unknown version", "two lengths", "endless chunk"])
def test_a_malformed_request_is_refused_and_the_server_goes_on(server, head):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        try:
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 5")), answer
    assert server.get("/healthz").status == 200


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/files/../../api-key", "/..%2f..%2fapi-key", "//api-key"])
def test_a_path_never_leaves_what_is_served(server, path):
    reply = server.get(path)
    assert server.admin_key not in reply.text
    assert "root:" not in reply.text


def test_a_sweep_file_with_five_mistakes_names_all_five(server, user):
    config = {"program": "t.py", "method": "grip", "metric": {"name": "loss", "goal": "least"}, "run_cap": -1,
              "early_terminate": {"type": "hyperbend"}, "parameters": {"lr": {"min": 3, "max": 1}}}
    reply = ask(server, user, """mutation U($config: String!, $e: String!) {
        upsertSweep(input: {config: $config, projectName: "p", entityName: $e}) { sweep { name } configValidationWarnings } }""",
                {"config": json.dumps(config), "e": user.name})
    text = "\n".join(messages(reply))
    for word in ("grip", "least", "run_cap", "hyperbend", "lr"):
        assert word in text, text


def test_the_telemetry_probe_is_answered_with_404(server):
    assert server.request("POST", "/sdk/otel/v1/metrics", b"").status == 404


def test_introspection_describes_the_schema(server, user):
    schema = server.graphql("""query IntrospectionQuery { __schema { queryType { name } mutationType { name }
        types { kind name fields(includeDeprecated: true) { name args { name type { kind name ofType { kind name } } } } } } }""",
                            key=user.key)["__schema"]
    names = {kind["name"]: kind for kind in schema["types"]}
    assert {"Run", "Project", "Sweep", "Artifact"} <= set(names)
    mutations = {field["name"] for field in names[schema["mutationType"]["name"]]["fields"]}
    assert {"upsertBucket", "upsertSweep", "createAgent", "agentHeartbeat", "createRunFiles"} <= mutations
