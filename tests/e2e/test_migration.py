"""Data of an older program: migrated by the first start, after a backup, with nothing lost."""
import json
import pathlib
import re
import sqlite3

from harness.server import Server, User
from test_command_line import regatta

VERSION = 5
# As regatta of that version wrote it; the key is of nobody.
DUMP = pathlib.Path(__file__).parent / "data/version-5.sql"
ANN = User("ann", "0123456789abcdef0123456789abcdef01234567")

RUN = """query R { project(name: "digits", entityName: "ann") {
  run(name: "first") { state displayName tags config summaryMetrics history(samples: 100) logLineCount }
  sweep(sweepName: "z8xioc3n") { state runCount runs { edges { node { name config } } } } } }"""


def version_of(database: pathlib.Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()


def old_folder(data: pathlib.Path) -> pathlib.Path:
    data.mkdir()
    connection = sqlite3.connect(data / "regatta.db")
    connection.executescript(DUMP.read_text())
    connection.close()
    assert version_of(data / "regatta.db") == VERSION
    return data


def test_an_older_folder_is_backed_up_and_migrated_and_all_of_it_is_there(tmp_path):
    data = old_folder(tmp_path / "data")
    with Server.start(data) as server:
        assert f"migrated from version {VERSION}" in server.log()
        backup = pathlib.Path(re.search(r"backup of before: (\S+)", server.log()).group(1))
        found = server.graphql(RUN, key=ANN.key)["project"]
        run = found["run"]
        assert [json.loads(row) for row in run["history"]] == [{"_step": i, "loss": 1 / (i + 1)} for i in range(20)]
        assert (run["state"], run["displayName"], run["tags"]) == ("finished", "honest-buoy-1", ["a", "b"])
        assert json.loads(run["config"])["note"]["value"] == "größer" and json.loads(run["summaryMetrics"]) == {"loss": 0.05}
        assert found["sweep"]["runs"]["edges"][0]["node"]["name"] == "hd3ytcvx"
        server.create_run(ANN, "digits", "second")  # and it goes on
        assert server.stop() == 0
    assert version_of(data / "regatta.db") > VERSION
    assert version_of(backup / "regatta.db") == VERSION
    assert "no problems" in regatta("fsck", "--data", data).stdout
    # The backup is a data folder of before: an older program would start with it, and so does this one.
    regatta("restore", backup, "--data", tmp_path / "before")
    with Server.start(tmp_path / "before") as server:
        assert f"migrated from version {VERSION}" in server.log()
        assert len(server.graphql(RUN, key=ANN.key)["project"]["run"]["history"]) == 20


def test_a_migrated_folder_is_not_migrated_again(tmp_path):
    data = old_folder(tmp_path / "data")
    Server.start(data).stop()
    with Server.start(data) as server:
        assert "migrated from" not in server.log()


def test_fsck_reads_a_folder_of_an_older_version(tmp_path):
    data = old_folder(tmp_path / "data")
    report = json.loads(regatta("fsck", "--json", "--data", data).stdout)
    assert report["problems"] == [] and report["lines"] == 24
    assert version_of(data / "regatta.db") == VERSION


def test_what_an_older_program_stored_can_be_deleted(tmp_path):
    data = old_folder(tmp_path / "data")
    with Server.start(data) as server:
        project = server.graphql('{ project(name: "digits", entityName: "ann") { id } }', key=ANN.key)["project"]["id"]
        server.graphql("mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }", {"id": project}, key=ANN.key)
        assert server.graphql(RUN, key=ANN.key)["project"] is None
        server.create_run(ANN, "digits", "first")  # another project of the same name
        found = server.graphql(RUN, key=ANN.key)["project"]
        assert found["sweep"] is None and found["run"]["history"] == []
        assert server.stop() == 0
    assert "no problems" in regatta("fsck", "--data", data).stdout
