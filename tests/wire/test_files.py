"""Files of a run: saved, listed, downloaded, deleted, and the code it came from."""
import hashlib

import pytest


def test_the_files_that_every_run_leaves_can_be_downloaded(client):
    seen = client.run("""
        with wandb.init(project="files", id="usual", config={"lr": 0.5}) as run:
            run.log({"x": 1})
        run = wandb.Api().run(f"{run.entity}/files/usual")
        names = sorted(f.name for f in run.files())
        run.file("wandb-metadata.json").download(root="back", replace=True)
        run.file("config.yaml").download(root="back", replace=True)
        result({"names": names, "metadata": json.loads(pathlib.Path("back/wandb-metadata.json").read_text()).get("program", "?"),
                "config": "lr" in pathlib.Path("back/config.yaml").read_text(), "api_metadata": run.metadata is not None})
    """)
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json", "requirements.txt"} <= set(seen["names"])
    assert seen["metadata"] != "?" and seen["config"] and seen["api_metadata"]


def test_saved_files_come_back_byte_for_byte(client):
    seen = client.run("""
        import hashlib
        contents = {"empty.bin": b"", "small.txt": b"hello", "with space \\u00fc.txt": "käse".encode(),
                    "deep/er/large.bin": bytes(range(256)) * 20_000}
        for name, content in contents.items():
            path = pathlib.Path("work") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with wandb.init(project="files", id="saved") as run:
            for name in contents:
                run.save(str(pathlib.Path("work").absolute() / name), base_path=str(pathlib.Path("work").absolute()), policy="now")
        run = wandb.Api().run(f"{run.entity}/files/saved")
        back = {}
        for f in run.files():
            if f.name in contents:
                f.download(root="back", replace=True)
                back[f.name] = [hashlib.sha256(pathlib.Path("back", f.name).read_bytes()).hexdigest(), f.size]
        result(back)
    """)
    contents = {"empty.bin": b"", "small.txt": b"hello", "with space ü.txt": "käse".encode(),
                "deep/er/large.bin": bytes(range(256)) * 20_000}
    assert seen == {name: [hashlib.sha256(content).hexdigest(), len(content)] for name, content in contents.items()}


def test_a_file_saved_twice_is_the_last_one(client):
    seen = client.run("""
        with wandb.init(project="files", id="twice") as run:
            path = pathlib.Path("note.txt").absolute()
            path.write_text("first")
            run.save(str(path), base_path=str(path.parent), policy="end")
            path.write_text("second, longer")
        run = wandb.Api().run(f"{run.entity}/files/twice")
        run.file("note.txt").download(root="back", replace=True)
        result(pathlib.Path("back/note.txt").read_text())
    """)
    assert seen == "second, longer"


def test_log_code_keeps_the_sources(client):
    seen = client.run("""
        pathlib.Path("src").mkdir()
        pathlib.Path("src/model.py").write_text("print('model')")
        with wandb.init(project="files", id="coded") as run:
            run.log_code("src")
        run = wandb.Api().run(f"{run.entity}/files/coded")
        code = [a for a in run.logged_artifacts() if a.type == "code"]
        folder = code[0].download(root="back")
        result(pathlib.Path(folder, "model.py").read_text())
    """)
    assert seen == "print('model')"


def test_a_file_can_be_uploaded_to_a_finished_run_and_deleted(client):
    seen = client.run("""
        with wandb.init(project="files", id="late") as run:
            run.log({"x": 1})
        run = wandb.Api().run(f"{run.entity}/files/late")
        pathlib.Path("late.txt").write_text("later")
        run.upload_file("late.txt")
        before = sorted(f.name for f in run.files())
        run.file("late.txt").delete()
        after = sorted(f.name for f in wandb.Api().run(f"{run.entity}/files/late").files())
        result({"before": "late.txt" in before, "after": "late.txt" in after})
    """)
    assert seen == {"before": True, "after": False}


def test_restore_brings_a_file_back(client):
    seen = client.run("""
        pathlib.Path("weights.bin").write_bytes(b"w" * 1000)
        with wandb.init(project="files", id="restored") as run:
            run.save("weights.bin", policy="now")
        pathlib.Path("weights.bin").unlink()
        path = f"{run.entity}/files/restored"
        wandb.restore("weights.bin", run_path=path, root="back", replace=True)
        result(pathlib.Path("back/weights.bin").read_bytes() == b"w" * 1000)
    """)
    assert seen is True


def test_images_and_histograms_are_logged(client):
    seen = client.run("""
        import numpy as np
        with wandb.init(project="files", id="media") as run:
            run.log({"html": wandb.Html("<b>bold</b>"), "histogram": wandb.Histogram(np.arange(100)), "x": 1})
        api = wandb.Api().run(f"{run.entity}/files/media")
        row = list(api.scan_history())[0]
        media = [f.name for f in api.files() if f.name.startswith("media/")]
        result({"kinds": [row["html"]["_type"], row["histogram"]["_type"]], "media": media, "path": row["html"]["path"]})
    """)
    assert seen["kinds"] == ["html-file", "histogram"]
    assert seen["path"] in seen["media"]


# --- without the client ---

CREATE_FILES = """
mutation Create($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl } } }"""

LIST_FILES = """
query Files($entity: String!, $project: String!, $run: String!, $names: [String!]) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    files(names: $names) { edges { node { name sizeBytes directUrl md5 } } } } } }"""


def upload_url(server, user, run, name):
    made = server.graphql(CREATE_FILES, {"entity": user.name, "project": "p", "run": run, "files": [name]}, key=user.key)
    url = made["createRunFiles"]["files"][0]["uploadUrl"]
    assert url.startswith(server.url)
    return url[len(server.url):]


def listed(server, user, run, name):
    found = server.graphql(LIST_FILES, {"entity": user.name, "project": "p", "run": run, "names": [name]}, key=user.key)
    return [edge["node"] for edge in found["project"]["run"]["files"]["edges"]]


def test_an_upload_needs_no_credentials_but_its_own_link(server, user):
    server.create_run(user, "p", "linked")
    path = upload_url(server, user, "linked", "a.bin")
    assert server.request("PUT", path, b"content").status == 200
    assert listed(server, user, "linked", "a.bin")[0]["sizeBytes"] == 7
    forged = path[:-4] + ("aaaa" if not path.endswith("aaaa") else "bbbb")
    assert server.request("PUT", forged, b"other").status in (401, 403, 404)
    assert listed(server, user, "linked", "a.bin")[0]["sizeBytes"] == 7


def test_an_upload_that_breaks_off_is_never_visible(server, user):
    import socket
    server.create_run(user, "p", "broken")
    path = upload_url(server, user, "broken", "half.bin")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 1000000\r\n\r\n".encode())
        connection.sendall(b"x" * 500_000)
    nodes = listed(server, user, "broken", "half.bin")
    assert not nodes or not nodes[0]["sizeBytes"]
    assert server.request("PUT", path, b"whole").status == 200
    assert listed(server, user, "broken", "half.bin")[0]["sizeBytes"] == 5


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/passwd", "a/../../b", "a\x00b", ""])
def test_a_file_name_that_leaves_its_run_is_refused(server, user, name):
    server.create_run(user, "p", "careful")
    reply = server.request("POST", "/graphql", {"query": CREATE_FILES, "variables": {
        "entity": user.name, "project": "p", "run": "careful", "files": [name]}}, key=user.key)
    answer = reply.json()
    assert answer.get("errors"), answer
    assert server.get("/healthz").status == 200
