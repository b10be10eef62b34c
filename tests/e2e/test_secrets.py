"""A key is shown once, and stands nowhere else: not in a log, an answer, an error, an argument list or the data folder."""
import http.server
import pathlib
import re
import secrets
import threading

import pytest

from harness.server import Server, User, basic
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


def test_the_administrators_key_goes_to_no_address_that_the_environment_names(tmp_path):
    """Somebody who works with the hosted service as well has its address there."""
    seen = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    with Server.start(tmp_path / "data") as server, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        env = {"WANDB_BASE_URL": f"http://127.0.0.1:{other.server_port}", "HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
        key = server.admin_key
        for arguments in (("user", "list"), ("user", "add", "ann"), ("key", "list", "admin"), ("key", "revoke", "1")):
            refused = regatta(*arguments, "--data", server.data, env=env, expect=5)
            assert "--server" in refused.stderr and key not in refused.stderr
        regatta("user", "list", "--data", server.data, env={**env, "WANDB_API_KEY": "f" * 40})
        assert seen == [basic("f" * 40)["Authorization"]]
        assert "admin" in regatta("user", "list", *at(server), env=env).stdout
        other.shutdown()


@pytest.mark.parametrize("arguments", [("user", "add", "ann"), ("login",), ("run", "ls")])
def test_no_command_takes_a_key_as_an_argument(arguments):
    """What stands in an argument list can be read by everybody on the machine."""
    text = regatta(*arguments, "--help").stdout
    assert not re.search(r"--(api-?)?key[ =]", text), text
