"""A key is shown once, and stands nowhere else: not in a log, an answer, an error, an argument list or the data folder."""
import pathlib
import re
import secrets

import pytest

from harness.server import Server, User
from test_command_line import at, regatta


def files_with(folder: pathlib.Path, secret: str) -> list:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_keys_stand_nowhere_but_in_the_file_that_is_for_them(tmp_path):
    data = tmp_path / "data"
    with Server.start(data) as server:
        admin = User("admin", server.admin_key)
        given = server.add_user()  # with a key that the test chose
        made = regatta("user", "add", "ann", *at(server)).stdout.strip().rsplit(" ", 1)[1]
        second = regatta("key", "create", "ann", *at(server)).stdout.strip().rsplit(" ", 1)[1]
        wrong = secrets.token_hex(20)
        keys = [admin.key, given.key, made, second, wrong]
        assert len(set(keys)) == 5 and all(len(key) >= 40 for key in keys)
        answers = [server.admin("GET", "/users"), server.admin("GET", "/users/ann/keys")]
        for key in keys:
            for path, body in (("/graphql", {"query": "query { viewer { id apiKeys { edges { node { name } } } } }"}), ("/graphql", {"query": "{"}),
                               ("/files/e/p/r/file_stream", {}), ("/api/admin/users", {"name": ""}), (f"/nowhere/{wrong[:8]}", {})):
                answers.append(server.request("POST", path, body, key=key))
                answers.append(server.request("POST", path, body, headers={"Authorization": f"Bearer {key}"}))
                answers.append(server.request("POST", path, body, headers={"Authorization": f"Broken {key}"}))
        # A key that is taken, one that is too short, and one in the wrong place.
        answers.append(server.admin("POST", "/users", {"name": "bob", "api_key": given.key}))
        answers.append(server.admin("POST", "/users", {"name": "bob", "api_key": given.key[:20]}))
        answers.append(server.admin("POST", "/users", {"name": given.key + "!"}))
        for answer in answers[:-1]:
            assert not [key for key in keys if key in answer.text], answer.text
        failed = regatta("user", "list", "--server", server.url, "--data", tmp_path, env={"WANDB_API_KEY": wrong}, expect=5)
        assert wrong not in failed.stdout + failed.stderr
        arguments = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        signing = (data / "secret").read_text().strip()
        server.stop()
        for secret in [*keys, signing]:
            assert secret not in server.log()
            assert secret.encode() not in arguments
    for key in keys:
        assert files_with(data, key) == (["api-key"] if key == admin.key else [])
    assert files_with(data, signing) == ["secret"]
    for name in ("api-key", "secret"):
        assert (data / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "\n", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "\0"], ids=["empty", "a line", "short", "long", "other letters", "zero"])
def test_a_secret_that_anybody_could_guess_is_refused_and_kept(tmp_path, content):
    data = tmp_path / "data"
    with Server.start(data) as server:
        before = (data / "secret").read_text()
        server.stop()
    (data / "secret").write_text(content)
    with pytest.raises(RuntimeError, match="holds no secret.*backup.*remove"):
        Server.start(data)
    assert (data / "secret").read_text() == content
    (data / "secret").write_text(before)
    with Server.start(data):
        assert (data / "secret").read_text() == before
    (data / "secret").unlink()
    with Server.start(data):
        assert re.fullmatch("[a-z0-9]{64}", (data / "secret").read_text())


@pytest.mark.parametrize("arguments", [("user", "add", "ann"), ("login",), ("run", "ls")])
def test_no_command_takes_a_key_as_an_argument(arguments):
    """What stands in an argument list can be read by everybody on the machine."""
    text = regatta(*arguments, "--help").stdout
    assert not re.search(r"--(api-?)?key[ =]", text), text
