"""What is deleted is gone when the answer comes, whatever happens then; its rows follow while others go on."""
import json
import sqlite3
import time

from harness.server import Server, User
from test_command_line import regatta

RUNS = 1500
FIND = """query F($entity: String!) { project(name: "doomed", entityName: $entity) { id runCount
  run(name: "run0007") { id historyLineCount } } }"""
DELETE = "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }"
ERASED_SECONDS_MAX = 60


def fill(server: Server, user: User) -> str:
    """A project with many runs, some with history; answers its id."""
    for first in range(0, RUNS, 100):
        aliases = " ".join(f'r{i}: upsertBucket(input: {{entityName: "{user.name}", modelName: "doomed", name: "run{i:04}", '
                           f'state: "finished"}}) {{ inserted }}' for i in range(first, first + 100))
        server.graphql(f"mutation {{ {aliases} }}", key=user.key)
    assert stream(server, user, "doomed", "run0007", 0) == 200
    found = server.graphql(FIND, {"entity": user.name}, key=user.key)["project"]
    assert found["runCount"] == RUNS and found["run"]["historyLineCount"] == 1
    return found["id"]


def stream(server: Server, user: User, project: str, run: str, first: int) -> int:
    body = {"files": {"wandb-history.jsonl": {"offset": first, "content": [json.dumps({"_step": first})]}}}
    return server.file_stream(user, project, run, body).status


def count(server: Server, sql: str) -> int:
    connection = sqlite3.connect(f"file:{server.data}/regatta.db?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()


def wait_until_erased(server: Server, runs_left: int) -> None:
    deadline = time.monotonic() + ERASED_SECONDS_MAX
    while count(server, "SELECT count(*) FROM runs") != runs_left or count(server, "SELECT count(*) FROM projects WHERE entity_id = 0") != 1:
        assert time.monotonic() < deadline, "what was deleted is not erased"
        time.sleep(0.2)


def test_a_deletion_that_was_answered_holds_although_the_server_is_killed(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = server.add_user("ann")
        project = fill(server, user)
        assert server.graphql(DELETE, {"id": project}, key=user.key)["deleteModel"]["success"]
        server.kill()
    with Server.start(tmp_path / "data") as server:
        assert server.graphql(FIND, {"entity": user.name}, key=user.key)["project"] is None
        assert stream(server, user, "doomed", "run0007", 1) == 404
        # The name is free at once, and what comes under it is not touched.
        server.create_run(user, "doomed", "run0007")
        assert stream(server, user, "doomed", "run0007", 0) == 200
        wait_until_erased(server, runs_left=1)
        found = server.graphql(FIND, {"entity": user.name}, key=user.key)["project"]
        assert found["runCount"] == 1 and found["run"]["historyLineCount"] == 1
        assert server.stop() == 0
    assert "no problems" in regatta("fsck", "--data", tmp_path / "data").stdout


def test_an_append_that_knows_the_run_from_before_is_refused_after_the_deletion(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = server.add_user("ann")
        server.create_run(user, "doomed", "run0007")
        # The second one finds the run without asking the database.
        assert [stream(server, user, "doomed", "run0007", i) for i in range(2)] == [200, 200]
        found = server.graphql(FIND, {"entity": user.name}, key=user.key)["project"]
        server.graphql(DELETE, {"id": found["id"]}, key=user.key)
        server.create_run(user, "doomed", "run0007")
        assert stream(server, user, "doomed", "run0007", 0) == 200
        again = server.graphql(FIND, {"entity": user.name}, key=user.key)["project"]
        assert again["id"] != found["id"] and again["run"]["historyLineCount"] == 1


def test_a_deleted_users_name_is_free_at_once(tmp_path):
    with Server.start(tmp_path / "data") as server:
        fill(server, server.add_user("ann"))
        assert server.admin("DELETE", "/users/ann").status == 204
        again = server.add_user("ann")
        assert server.graphql(FIND, {"entity": "ann"}, key=again.key)["project"] is None
        wait_until_erased(server, runs_left=0)
