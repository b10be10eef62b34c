"""Runs recorded without a server and brought to it later."""


def offline_run(client, run_id="off"):
    client.python("""
        run = wandb.init(project="synced", id=sys.argv[1], config={"lr": 0.25}, tags=["offline"])
        for step in range(25):
            run.log({"x": step})
        pathlib.Path("kept.txt").write_text("kept")
        run.save("kept.txt")
        run.finish()
    """, run_id, env={"WANDB_MODE": "offline"})
    folders = list((client.folder / "wandb").glob(f"offline-run-*-{run_id}"))
    assert len(folders) == 1
    return folders[0]


READ = """
run = wandb.Api().run(sys.argv[1])
result({"state": run.state, "config": dict(run.config), "tags": list(run.tags), "rows": [row["x"] for row in run.scan_history()],
        "file": "kept.txt" in [f.name for f in run.files()]})
"""


def test_an_offline_run_is_synced_whole(client):
    folder = offline_run(client)
    client.wandb("sync", folder)
    seen = client.run(READ, f"{client.user.name}/synced/off")
    assert seen == {"state": "finished", "config": {"lr": 0.25}, "tags": ["offline"], "rows": list(range(25)), "file": True}


def test_syncing_a_synced_run_again_changes_nothing(client):
    folder = offline_run(client)
    client.wandb("sync", folder)
    client.wandb("sync", folder, check=False)
    seen = client.run(READ, f"{client.user.name}/synced/off")
    assert seen["rows"] == list(range(25))
    assert seen["state"] == "finished"
