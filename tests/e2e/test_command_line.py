"""The program's own commands: what they print, what they change, and their exit codes."""
import json
import os
import secrets
import shutil
import subprocess

import pytest

from harness.server import BINARY, Server, User

OK, FAILURE, USAGE, NOT_FOUND, UNAUTHENTICATED, UNAVAILABLE = 0, 1, 2, 4, 5, 75


def regatta(*arguments, env=None, expect=OK):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**environment, **(env or {})})
    assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


def at(server):
    return ("--server", server.url, "--data", server.data)


def rows(first, count):
    return {"files": {"wandb-history.jsonl": {"offset": first, "content": [json.dumps({"_step": i, "x": i}) for i in range(first, first + count)]}}}


HISTORY = "query R($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"r\") { history(samples: 100000) } } }"


def steps(server, user):
    found = server.graphql(HISTORY, {"e": user.name}, key=user.key)["project"]["run"]["history"]
    return [json.loads(row)["x"] for row in found]


def first_user(server) -> User:
    return User(server.graphql("query { viewer { entity } }", key=server.admin_key)["viewer"]["entity"], server.admin_key)


def test_help_and_version():
    assert "serve" in regatta("--help").stdout
    assert regatta("--version").stdout.strip()
    for command in ("serve", "user", "key", "fsck", "backup", "restore", "agent"):
        assert command in regatta("--help").stdout


@pytest.mark.parametrize("arguments", [(), ("swim",), ("serve", "--no-such-option"), ("user",), ("user", "add")])
def test_a_wrong_call_is_a_usage_error(arguments):
    done = regatta(*arguments, expect=USAGE)
    assert done.stderr.strip() or done.stdout.strip()


def test_a_user_is_added_listed_and_deleted(server):
    name = f"u-{secrets.token_hex(4)}"
    key = regatta("user", "add", name, *at(server)).stdout.strip().rsplit(" ", 1)[1]
    assert server.graphql("query { viewer { username } }", key=key)["viewer"]["username"] == name
    assert name in regatta("user", "list", *at(server)).stdout
    listed = json.loads(regatta("user", "list", "--json", *at(server)).stdout)
    assert name in [user["name"] for user in listed["users"]]
    regatta("user", "delete", name, *at(server))
    done = regatta("user", "delete", name, *at(server), expect=NOT_FOUND)
    assert name in done.stderr


def test_a_key_is_created_listed_and_revoked(server):
    user = server.add_user()
    key = regatta("key", "create", user.name, "--description", "laptop", *at(server)).stdout.strip().rsplit(" ", 1)[1]
    listed = json.loads(regatta("key", "list", user.name, "--json", *at(server)).stdout)["keys"]
    assert key not in json.dumps(listed)
    number = next(row["id"] for row in listed if row["description"] == "laptop")
    regatta("key", "revoke", number, *at(server))
    assert server.request("POST", "/graphql", {"query": "query { viewer { id } }"}, key=key).status == 401


def test_a_server_that_is_not_there_is_an_exit_code_of_its_own(tmp_path):
    done = regatta("user", "list", "--server", "http://127.0.0.1:1", "--data", tmp_path, env={"WANDB_API_KEY": "x" * 40},
                   expect=UNAVAILABLE)
    assert "127.0.0.1:1" in done.stderr


def test_a_wrong_key_is_an_exit_code_of_its_own(server, tmp_path):
    regatta("user", "list", "--server", server.url, "--data", tmp_path, env={"WANDB_API_KEY": "x" * 40}, expect=UNAUTHENTICATED)


def test_a_backup_of_a_running_server_is_whole_and_can_be_restored(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        assert server.file_stream(user, "p", "r", rows(0, 500)).status == 200
        regatta("backup", tmp_path / "copy", "--data", server.data)
        assert server.file_stream(user, "p", "r", rows(500, 500)).status == 200
        assert steps(server, user) == list(range(1000))
    regatta("restore", tmp_path / "copy", "--data", tmp_path / "again")
    assert "no problems" in regatta("fsck", "--data", tmp_path / "again").stdout
    with Server.start(tmp_path / "again") as server:
        assert steps(server, first_user(server)) == list(range(500))


def test_a_restore_never_writes_over_a_data_folder(tmp_path):
    with Server.start(tmp_path / "data") as server:
        regatta("backup", tmp_path / "copy", "--data", server.data)
        server.stop()
    done = regatta("restore", tmp_path / "copy", "--data", tmp_path / "data", expect=FAILURE)
    assert str(tmp_path / "data") in done.stderr


def test_fsck_refuses_a_folder_in_use_and_one_that_is_not_there(tmp_path):
    with Server.start(tmp_path / "data") as server:
        done = regatta("fsck", "--data", server.data, expect=FAILURE)
        assert str(server.process.pid) in done.stderr
    done = regatta("fsck", "--data", tmp_path / "nothing", expect=NOT_FOUND)
    assert str(tmp_path / "nothing") in done.stderr


def test_fsck_finds_a_damaged_file(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        made = server.graphql("""mutation C($e: String!) { createRunFiles(input: {entityName: $e, projectName: "p", runName: "r",
                                 files: ["weights.bin"]}) { files { uploadUrl } } }""", {"e": user.name}, key=user.key)
        path = made["createRunFiles"]["files"][0]["uploadUrl"][len(server.url):]
        assert server.request("PUT", path, b"precious" * 1000).status == 200
        server.stop()
    report = json.loads(regatta("fsck", "--json", "--data", tmp_path / "data").stdout)
    assert report["problems"] == [] and report["blobs"] >= 1
    blob = next(path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.read_bytes() == b"precious" * 1000)
    blob.chmod(0o600)
    blob.write_bytes(b"Precious" + b"precious" * 999)
    done = regatta("fsck", "--json", "--data", tmp_path / "data", expect=FAILURE)
    assert json.loads(done.stdout)["problems"]


PAGE = 16384


def interior_page(content: bytes) -> int:
    """Where some page begins that leads to others: SQLite's page types 2 and 5. Page 1 has the file's header first."""
    return next(at for at in range(PAGE, len(content), PAGE) if content[at] in (2, 5))


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory):
    """A stopped server's folder: small requests that fill pages of their tables, and a large one with pages of its own."""
    data = tmp_path_factory.mktemp("fsck") / "data"
    with Server.start(data) as server:
        user = first_user(server)
        server.create_run(user, "p", "r")
        for i in range(500):
            assert server.file_stream(user, "p", "r", rows(i, 1)).status == 200
        assert server.file_stream(user, "p", "r", rows(500, 5000)).status == 200
        assert server.stop() == 0
    assert not (data / "regatta.db-wal").exists(), "a clean stop leaves one file"
    assert json.loads(regatta("fsck", "--json", "--data", data).stdout)["problems"] == []
    return data


@pytest.mark.parametrize("where", [
    lambda content: (0, 16),                                           # the file's header
    lambda content: (0, 4096),                                         # and the root of the schema
    lambda content: (interior_page(content), 16),                      # a page that leads to others
    lambda content: (interior_page(content) + PAGE - 64, 64),          # and its entries
    lambda content: (content.index(b'"x": 250}') + 5, 1),              # one digit of a row on a page with others
    lambda content: (content.index(b'"x": 3000}') + 5, 1),             # one digit in the middle of a large piece
    lambda content: (content.index(b'"x": 3000}') & ~4095, 4096),      # a block of it, as a disk loses them
    lambda content: (content.index(b'{"_step": 5499') - 3, 1),         # close to its end
], ids=["header", "schema", "interior page", "interior entries", "digit of a row", "digit of a large piece", "block of a large piece",
        "length of a line"])
def test_fsck_finds_a_damaged_database(filled_folder, tmp_path, where):
    shutil.copytree(filled_folder, tmp_path / "data")
    database = tmp_path / "data/regatta.db"
    damaged = bytearray(database.read_bytes())
    at, count = where(bytes(damaged))
    damaged[at:at + count] = bytes(byte ^ 0x5a for byte in damaged[at:at + count])
    database.write_bytes(damaged)
    done = regatta("fsck", "--json", "--data", tmp_path / "data", expect=FAILURE)
    assert "damaged" in done.stderr or json.loads(done.stdout)["problems"]
