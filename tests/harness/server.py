"""The real server as a child process.

    with Server.start(data_folder) as server:
        server.get("/healthz").status == 200

Everything is asked over HTTP, as any other client would.
"""
import base64
import dataclasses
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("REGATTA_BINARY", ROOT / "build/release/regatta"))
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


@dataclasses.dataclass
class User:
    name: str
    key: str


def basic(key: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}


class Server:
    """One running server. Not for use from several threads at once, apart from request()."""

    def __init__(self, process, data: pathlib.Path, log: pathlib.Path, port: int):
        self.process = process
        self.data = data
        self.log_path = log
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @classmethod
    def start(cls, data: pathlib.Path, *arguments: str, port: int = 0, env=None, log: pathlib.Path = None) -> "Server":
        """Starts and waits until it says ready. Raises RuntimeError with its output when it does not."""
        data = pathlib.Path(data)
        data.mkdir(parents=True, exist_ok=True)
        log = log or data.parent / f"{data.name}-server-{secrets.token_hex(4)}.log"
        before = log.stat().st_size if log.exists() else 0  # of servers that wrote there earlier
        process = cls.spawn(data, *arguments, port=port, env=env, log=log)
        deadline = time.monotonic() + START_SECONDS_MAX
        found = None
        while time.monotonic() < deadline:
            said = log.read_bytes()[before:].decode(errors="replace")
            found = found or re.search(r"https?://(?:127\.0\.0\.1|localhost):([1-9]\d*)\b(?=.)", said, re.DOTALL)
            if found:
                server = cls(process, data, log, int(found.group(1)))
                try:
                    if server.get("/ready").status == 200:
                        return server
                except OSError:
                    pass
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise RuntimeError(f"not ready within {START_SECONDS_MAX} s:\n{log.read_text(errors='replace')}")

    @staticmethod
    def spawn(data: pathlib.Path, *arguments: str, port: int = 0, env=None, log: pathlib.Path) -> subprocess.Popen:
        """Starts without waiting. For tests of servers that should refuse to run."""
        listen = () if "--listen" in arguments else ("--listen", f"127.0.0.1:{port}")
        command = [str(BINARY), "serve", *listen, "--data", str(data), *arguments]
        with open(log, "ab") as out:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                    env={**os.environ, **(env or {})}, start_new_session=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self) -> int:
        """SIGTERM, and the exit status. A server that does not end is killed and reported."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"SIGTERM did not end the server within {STOP_SECONDS_MAX} s:\n{self.log()}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    # --- asking ---

    def request(self, method: str, path: str, body=None, *, key: str = None, headers=None, seconds_max: float = 30) -> Reply:
        """One request on its own connection. `body`: bytes as they are, anything else as JSON."""
        sent = dict(headers or {})
        if key is not None:
            sent.update(basic(key))
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds_max)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **options) -> Reply:
        return self.request("GET", path, **options)

    def graphql(self, query: str, variables=None, *, key: str) -> dict:
        """The data of the answer. Raises AssertionError when there are errors."""
        reply = self.request("POST", "/graphql", {"query": query, "variables": variables or {}}, key=key)
        answer = reply.json()
        assert reply.status == 200 and not answer.get("errors"), f"{reply.status}: {reply.text}"
        return answer["data"]

    def file_stream(self, user: User, project: str, run: str, body, *, seconds_max: float = 30) -> Reply:
        path = "/files/" + "/".join(urllib.parse.quote(part, safe="") for part in (user.name, project, run)) + "/file_stream"
        return self.request("POST", path, body, key=user.key, seconds_max=seconds_max)

    # --- the administrator's side ---

    @property
    def admin_key(self) -> str:
        return (self.data / "api-key").read_text().strip()

    def admin(self, method: str, path: str, body=None) -> Reply:
        return self.request(method, "/api/admin" + path, body, key=self.admin_key)

    def add_user(self, name: str = None, key: str = None, admin: bool = False) -> User:
        name = name or f"u-{secrets.token_hex(5)}"
        key = key or secrets.token_hex(20)
        reply = self.admin("POST", "/users", {"name": name, "email": f"{name}@example.org", "admin": admin, "api_key": key})
        assert reply.status == 201, f"{reply.status}: {reply.text}"
        return User(name, key)

    # --- what the stock client does first, for tests that speak the wire themselves ---

    def create_run(self, user: User, project: str, name: str, **fields) -> dict:
        return self.graphql(UPSERT_RUN, {"entity": user.name, "project": project, "name": name, **fields}, key=user.key)["upsertBucket"]


UPSERT_RUN = """
mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString, $sweep: String, $tags: [String!]) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, sweep: $sweep, tags: $tags}) {
    bucket { id name displayName config sweepName project { id name entity { id name } } historyLineCount }
    inserted
  }
}"""
