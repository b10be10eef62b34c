"""A disk without room answers 503, never 200; with room again the server goes on."""
import json
import subprocess

import pytest

from harness.server import Server, User

MEGABYTES = 24
COUNT = "query C($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"r\") { historyLineCount history(samples: 1000000) } } }"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes. Needs root, as the container of a test run has."""
    point = tmp_path / "disk"
    point.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", point], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.strip()}")
    yield point
    subprocess.run(["umount", "-l", point], check=True)


def test_rows_are_refused_with_503_when_the_disk_is_full_and_taken_again_later(small_disk, tmp_path):
    log = tmp_path / "server.log"
    with Server.start(small_disk / "data", log=log) as server:
        user = User(server.graphql("query { viewer { entity } }", key=server.admin_key)["viewer"]["entity"], server.admin_key)
        server.create_run(user, "p", "r")
        filler = small_disk / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
        answered, statuses = 0, []
        for _ in range(400):
            lines = [json.dumps({"_step": i, "text": "x" * 1000}) for i in range(answered, answered + 20)]
            reply = server.file_stream(user, "p", "r", {"files": {"wandb-history.jsonl": {"offset": answered, "content": lines}}})
            statuses.append(reply.status)
            if reply.status == 200:
                answered += 20
            elif len([status for status in statuses if status != 200]) >= 5:
                break
        assert set(statuses) - {200} == {503}, statuses
        assert server.get("/healthz").status == 200
        filler.unlink()
        lines = [json.dumps({"_step": i, "text": "after"}) for i in range(answered, answered + 5)]
        reply = server.file_stream(user, "p", "r", {"files": {"wandb-history.jsonl": {"offset": answered, "content": lines}}})
        assert reply.status == 200, reply.text
        found = server.graphql(COUNT, {"e": user.name}, key=user.key)["project"]["run"]
        assert found["historyLineCount"] == answered + 5
        assert [json.loads(row)["_step"] for row in found["history"]] == list(range(answered + 5))
