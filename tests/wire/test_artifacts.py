"""Artifacts as far as ordinary training code meets them."""
import secrets

from harness.client import Client


def test_a_logged_artifact_is_used_and_downloaded_by_another_run(client):
    seen = client.run("""
        pathlib.Path("data/sub").mkdir(parents=True)
        pathlib.Path("data/a.bin").write_bytes(bytes(range(256)) * 1000)
        pathlib.Path("data/sub/b.txt").write_text("käse")
        with wandb.init(project="art", id="maker") as run:
            artifact = wandb.Artifact("numbers", type="dataset", description="d", metadata={"rows": 3})
            artifact.add_dir("data")
            run.log_artifact(artifact, aliases=["best"]).wait()
        with wandb.init(project="art", id="user") as run:
            used = run.use_artifact("numbers:best")
            folder = pathlib.Path(used.download(root="back"))
            entity = run.entity
        api = wandb.Api()
        result({
            "same": (folder / "a.bin").read_bytes() == bytes(range(256)) * 1000, "text": (folder / "sub/b.txt").read_text(),
            "version": used.version, "aliases": sorted(used.aliases), "metadata": used.metadata, "size": used.size,
            "logged": [a.name for a in api.run(f"{entity}/art/maker").logged_artifacts()],
            "used": [a.name for a in api.run(f"{entity}/art/user").used_artifacts()],
        })
    """)
    assert seen["same"] is True and seen["text"] == "käse"
    assert seen["version"] == "v0"
    assert seen["aliases"] == ["best", "latest"]
    assert seen["metadata"] == {"rows": 3}
    assert seen["size"] == 256_000 + 5
    assert "numbers:v0" in seen["logged"]
    assert "numbers:v0" in seen["used"]


def test_changed_content_makes_a_new_version_and_equal_content_none(client):
    seen = client.run("""
        versions = []
        with wandb.init(project="art", id="versions") as run:
            for content in ("one", "one", "two", "one"):
                path = pathlib.Path("file.txt")
                path.write_text(content)
                artifact = wandb.Artifact("text", type="dataset")
                artifact.add_file(str(path))
                versions.append(run.log_artifact(artifact).wait().version)
        api = wandb.Api()
        latest = api.artifact(f"{run.entity}/art/text:latest")
        result({"versions": versions, "latest": latest.version,
                "content": pathlib.Path(latest.download(root="back"), "file.txt").read_text()})
    """)
    assert seen["versions"][0] == seen["versions"][1] == "v0"
    assert seen["versions"][2] == "v1"
    assert seen["content"] == "one"


def test_a_table_is_logged_and_read_back(client):
    seen = client.run("""
        table = wandb.Table(columns=["id", "text", "score"], data=[[1, "a", 0.5], [2, "ü", 1.5]])
        with wandb.init(project="art", id="tabled") as run:
            run.log({"table": table, "x": 1})
        api = wandb.Api()
        artifact = [a for a in api.run(f"{run.entity}/art/tabled").logged_artifacts() if a.type == "run_table"][0]
        back = artifact.get("table")
        result({"columns": back.columns, "data": back.data})
    """)
    assert seen == {"columns": ["id", "text", "score"], "data": [[1, "a", 0.5], [2, "ü", 1.5]]}


def test_a_plot_is_logged(client):
    seen = client.run("""
        table = wandb.Table(columns=["x", "y"], data=[[i, i * i] for i in range(10)])
        with wandb.init(project="art", id="plotted") as run:
            run.log({"curve": wandb.plot.line(table, "x", "y", title="squares")})
        run = wandb.Api().run(f"{run.entity}/art/plotted")
        result({"state": run.state, "tables": [a.type for a in run.logged_artifacts()]})
    """)
    assert seen["state"] == "finished"
    assert "run_table" in seen["tables"]


def test_an_unknown_artifact_is_an_error_that_names_it(client):
    done = client.python("""
        with wandb.init(project="art") as run:
            run.use_artifact("never-made:latest")
    """, check=False)
    assert done.code != 0
    assert "never-made" in done.output, done.output


def test_an_artifact_made_offline_is_synced(client):
    client.python("""
        pathlib.Path("file.txt").write_text("offline")
        with wandb.init(project="art", id="offline-maker") as run:
            artifact = wandb.Artifact("later", type="dataset")
            artifact.add_file("file.txt")
            run.log_artifact(artifact)
    """, env={"WANDB_MODE": "offline"})
    client.wandb("sync", next((client.folder / "wandb").glob("offline-run-*")))
    seen = client.run("""
        artifact = wandb.Api().artifact(sys.argv[1])
        result(pathlib.Path(artifact.download(root="back"), "file.txt").read_text())
    """, f"{client.user.name}/art/later:latest")
    assert seen == "offline"


def test_two_runs_make_versions_of_one_artifact_at_once(client):
    script = client.script("""
        with wandb.init(project="art", id=sys.argv[1]) as run:
            artifact = wandb.Artifact("shared", type="dataset")
            with artifact.new_file("who.txt") as file:
                file.write(sys.argv[1])
            run.log_artifact(artifact).wait()
    """)
    names = ["left", "right"]
    children = [client.start("python", script, name) for name in names]
    outputs = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    seen = client.run("""
        api = wandb.Api()
        found = {}
        for version in ("v0", "v1"):
            artifact = api.artifact(f"{sys.argv[1]}/art/shared:{version}")
            found[version] = pathlib.Path(artifact.download(root="back-" + version), "who.txt").read_text()
        result(sorted(found.values()))
    """, client.user.name)
    assert seen == names


def test_a_draft_of_a_version_adds_to_it(client):
    seen = client.run("""
        with wandb.init(project="art", id="drafting") as run:
            artifact = wandb.Artifact("growing", type="dataset")
            with artifact.new_file("first.txt") as file:
                file.write("first")
            run.log_artifact(artifact).wait()
            draft = run.use_artifact("growing:latest").new_draft()
            with draft.new_file("second.txt") as file:
                file.write("second")
            version = run.log_artifact(draft).wait().version
            entity = run.entity
        api = wandb.Api()
        result({"version": version, "files": [sorted(f.name for f in api.artifact(f"{entity}/art/growing:{v}").files())
                                              for v in ("v0", "v1")]})
    """)
    assert seen == {"version": "v1", "files": [["first.txt"], ["first.txt", "second.txt"]]}


def test_a_reference_is_kept_as_an_address_with_its_checksum(client):
    seen = client.run("""
        pathlib.Path("outside.bin").write_bytes(b"kept elsewhere")
        with wandb.init(project="art", id="referring") as run:
            artifact = wandb.Artifact("pointers", type="dataset")
            artifact.add_reference("file://" + str(pathlib.Path("outside.bin").absolute()), name="inside.bin")
            artifact.add_reference("https://example.invalid/weights", name="weights", checksum=False)
            run.log_artifact(artifact).wait()
            entity = run.entity
        artifact = wandb.Api().artifact(f"{entity}/art/pointers:latest")
        entry = artifact.get_entry("inside.bin")
        result({"entries": sorted(artifact.manifest.entries), "far": artifact.get_entry("weights").ref_target(),
                "content": pathlib.Path(entry.download(root="back")).read_bytes().decode()})
    """)
    assert seen == {"entries": ["inside.bin", "weights"], "far": "https://example.invalid/weights", "content": "kept elsewhere"}


def test_aliases_tell_versions_apart_and_a_deleted_version_is_gone(client):
    seen = client.run("""
        with wandb.init(project="art", id="aliased") as run:
            for content in ("one", "two", "three"):
                artifact = wandb.Artifact("named", type="dataset")
                with artifact.new_file("file.txt") as file:
                    file.write(content)
                run.log_artifact(artifact, aliases=[content]).wait()
            path = f"{run.entity}/art/named"
        api = wandb.Api()
        moved = api.artifact(path + ":one")
        moved.aliases.append("best")
        moved.description = "the best so far"
        moved.metadata["score"] = 7
        moved.save()
        api.artifact(path + ":two").delete(delete_aliases=True)
        api = wandb.Api()
        try:
            api.artifact(path + ":v1")
            gone = "still there"
        except Exception as error:
            gone = str(error)
        best = api.artifact(path + ":best")
        result({"gone": gone, "best": [best.version, best.description, best.metadata, sorted(best.aliases)],
                "versions": sorted(a.version for a in api.artifacts("dataset", path)), "latest": api.artifact(path + ":latest").version})
    """)
    assert "still there" not in seen["gone"] and "v1" in seen["gone"]
    assert seen["best"] == ["v0", "the best so far", {"score": 7}, ["best", "one"]]
    assert seen["versions"] == ["v0", "v2"]
    assert seen["latest"] == "v2"


def test_a_model_is_logged_used_and_linked(client):
    seen = client.run("""
        pathlib.Path("model.bin").write_bytes(b"weights")
        with wandb.init(project="art", id="modelling") as run:
            run.log_model("model.bin", name="net")
        with wandb.init(project="art", id="choosing") as run:
            artifact = run.use_artifact("net:latest", type="model")
            run.link_artifact(artifact, "chosen", aliases=["prod"])
            content = pathlib.Path(run.use_model("net:latest")).read_bytes().decode()
            entity = run.entity
        linked = wandb.Api().artifact(f"{entity}/art/chosen:prod")
        result({"content": content, "type": linked.type,
                "linked": pathlib.Path(linked.download(root="back"), "model.bin").read_bytes().decode()})
    """)
    assert seen == {"content": "weights", "type": "model", "linked": "weights"}


def test_a_collection_is_described_tagged_renamed_and_deleted(client):
    seen = client.run("""
        with wandb.init(project="art", id="collecting") as run:
            artifact = wandb.Artifact("collected", type="dataset")
            with artifact.new_file("file.txt") as file:
                file.write("x")
            run.log_artifact(artifact).wait()
            path = f"{run.entity}/art/"
        collection = wandb.Api().artifact_collection("dataset", path + "collected")
        before = [collection.is_sequence(), list(collection.tags)]
        collection.description, collection.tags, collection.name = "what it is", ["good"], "renamed"
        collection.save()
        again = wandb.Api().artifact_collection("dataset", path + "renamed")
        after = [again.name, again.description, list(again.tags), sorted(again.aliases)]
        again.delete()
        result({"before": before, "after": after, "left": wandb.Api().artifact_exists(path + "renamed:v0")})
    """)
    assert seen["before"] == [True, []]
    assert seen["after"][:3] == ["renamed", "what it is", ["good"]] and "latest" in seen["after"][3]
    assert seen["left"] is False


def test_an_artifact_linked_into_a_team_serves_those_who_do_not_see_its_project(client, server):
    word, member = secrets.token_hex(4), server.add_user()
    members = [{"name": user.name, "role": "member"} for user in (client.user, member)]
    assert server.admin("POST", "/teams", {"name": f"t-{word}", "members": members}).status == 201
    client.python("""
        pathlib.Path("model.bin").write_bytes(b"weights")
        with wandb.init(project="private", id="maker") as run:
            artifact = wandb.Artifact("net", type="model", metadata={"score": 7})
            artifact.add_file("model.bin")
            run.log_artifact(artifact).wait()
            run.link_artifact(artifact, sys.argv[1] + "/registry/chosen", aliases=["prod"])
    """, f"t-{word}")
    seen = Client(client.version, server, member, client.folder / "member").run("""
        team = sys.argv[1]
        with wandb.init(entity=team, project="open", id="user") as run:
            artifact = run.use_artifact(team + "/registry/chosen:prod")
            content = pathlib.Path(artifact.download(root="back"), "model.bin").read_bytes().decode()
        artifact.aliases.append("checked")
        try:
            artifact.save()
            saved = "saved"
        except Exception as error:
            saved = str(error)
        api = wandb.Api()
        again = api.artifact(team + "/registry/chosen:checked")
        try:
            api.artifact(sys.argv[2] + "/private/net:v0")
            source = "seen"
        except Exception as error:
            source = str(error)
        result({"saved": saved, "content": content, "metadata": again.metadata, "aliases": sorted(again.aliases), "maker": again.logged_by() is not None,
                "source": source})
    """, f"t-{word}", client.user.name)
    assert (seen["content"], seen["metadata"], seen["aliases"]) == ("weights", {"score": 7}, ["checked", "latest", "prod"])
    # After the aliases, which are the team's, 0.22 sends the rest, too, changed or not.
    assert seen["saved"] == "saved" if client.version != "0.22.2" else "permission" in seen["saved"]
    assert seen["maker"] is False and seen["source"] != "seen"
