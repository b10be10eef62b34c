"""A viewer of a team looks at everything that is the team's, and changes nothing: by whatever way they ask.

The mutations are read from the schema, so that one that is added is tested, too. The same requests from a member do what
they say, so each refusal is one of the role.
"""
import dataclasses
import json
import secrets

import pytest

from harness.artifacts import CREATE, FILES, MANIFEST, link_artifact, log_artifact, md5, upload
from harness.server import User

MUTATIONS = """query { __schema { mutationType { fields { name args { type { ofType { name } } } } } } }"""
# About accounts, not about what a team owns.
OF_ACCOUNTS = {"createUser", "createTeam", "generateApiKey", "deleteApiKey"}
# Of a service that there is not.
UNSUPPORTED = {"completeMultipartUploadArtifact"}
SWEEP = json.dumps({"method": "grid", "parameters": {"x": {"values": [1, 2, 3, 4]}}})
STATE = """query($e: String!) { entity(name: $e) { projects { edges { node { name description runCount
  runs { edges { node { name displayName state stopped config tags historyLineCount files { edges { node { name } } }
    inputArtifacts { edges { node { id } } } } } }
  sweeps { edges { node { name state config displayName runCount agents { edges { node { id heartbeatAt } } } } } }
  artifactTypes { edges { node { name } } }
  artifactCollections { edges { node { name description tags { edges { node { name } } }
    aliases { edges { node { alias } } } artifacts { edges { node { id state description tags { name } } } } } } } } } } } }"""


@dataclasses.dataclass
class Team:
    name: str
    member: User
    viewer: User


@pytest.fixture
def team(server) -> Team:
    word, member, viewer = secrets.token_hex(4), server.add_user(), server.add_user()
    members = [{"name": member.name, "role": "member"}, {"name": viewer.name, "role": "viewer"}]
    assert server.admin("POST", "/teams", {"name": f"team-{word}", "members": members}).status == 201
    return Team(f"team-{word}", member, viewer)


class Filled:
    """A project of the team with one of everything, and for each mutation what a member would send."""

    def __init__(self, server, team: Team):
        self.server, self.team, self.user = server, team, User(team.name, team.member.key)
        run = server.create_run(self.user, "p", "r", config=json.dumps({"lr": {"value": 1}}))["bucket"]
        other = server.create_run(self.user, "p", "other")["bucket"]
        rows = {"files": {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps({"_step": i, "x": i}) for i in range(5)]}}}
        assert server.file_stream(self.user, "p", "r", rows).status == 200
        names, named = {"entityName": team.name, "projectName": "p"}, {"entityName": team.name, "projectName": "p", "runName": "r"}
        sweep = self.ask("upsertSweep", {"config": SWEEP, **names}, "sweep { id name }")["sweep"]
        agent = self.ask("createAgent", {"host": "h", "sweep": sweep["name"], **names}, "agent { id }")["agent"]["id"]
        artifact = log_artifact(server, self.user, "p", "data", {"f": b"content"}, run="r")
        link_artifact(server, self.user, artifact, team.name, "p", "chosen")
        self.pending = self.ask("createArtifact", {**names, "artifactTypeName": "model", "artifactCollectionNames": ["data"], "digest": "0" * 32,
                                                   "digestAlgorithm": "MANIFEST_MD5"}, "artifact { id }")["artifact"]["id"]
        manifest = self.ask("createArtifactManifest", {**named, "artifactID": self.pending, "name": "m", "digest": ""},
                            "artifactManifest { id file { uploadUrl } }")["artifactManifest"]
        assert upload(server, manifest["file"]["uploadUrl"], json.dumps({"version": 1, "contents": {}}).encode()).status == 200
        url = self.ask("createRunFiles", {**named, "files": ["f.txt"]}, "files { uploadUrl }")["files"][0]["uploadUrl"]
        assert upload(server, url, b"text").status == 200
        found = server.graphql("""query($e: String!) { project(name: "p", entityName: $e) { id run(name: "r") { files { edges { node { id } } } }
            data: artifactCollection(name: "data") { id } chosen: artifactCollection(name: "chosen") { id } } }""",
                               {"e": team.name}, key=team.member.key)["project"]
        data, chosen, artifacts = found["data"]["id"], found["chosen"]["id"], {**names, "artifactCollectionName": "data"}
        alias = {"artifactCollectionName": "data", "alias": "spoilt", **names}
        # In such an order that a member could send one after the other.
        self.requests = {
            "upsertBucket": {"id": run["id"], "displayName": "spoilt", "config": "{}"},
            "stopRun": {"id": run["id"]},
            "updateRunState": {"id": run["id"], "state": "failed"},
            "rewindRun": {**named, "metricName": "_step", "metricValue": 1},
            "createRunFiles": {**named, "files": ["spoilt.txt"]},
            "markRunFilesUploaded": {**named, "files": ["f.txt"]},
            "deleteFiles": {"files": [found["run"]["files"]["edges"][0]["node"]["id"]]},
            "notifyScriptableRunAlert": {**named, "title": "spoilt", "text": "spoilt"},
            "upsertSweep": {"id": sweep["id"], "displayName": "spoilt"},
            "createAgent": {"host": "spoilt", "sweep": sweep["name"], **names},
            "enqueueSweepRun": {"id": sweep["id"], "config": "{\"x\": {\"value\": 4}}"},
            "requeueSweepRun": {"sweepID": sweep["id"], "runName": "r"},
            "agentHeartbeat": {"id": agent, "metrics": "{}", "runState": "{}"},
            "createArtifactType": {**names, "name": "spoilt"},
            "createArtifact": {**names, "artifactTypeName": "model", "artifactCollectionNames": ["spoilt"], "digest": "1" * 32,
                               "digestAlgorithm": "MANIFEST_MD5"},
            "createArtifactManifest": {**named, "artifactID": self.pending, "name": "spoilt", "digest": ""},
            "updateArtifactManifest": {"artifactManifestID": manifest["id"], "digest": "spoilt"},
            "createArtifactFiles": {"artifactFiles": [{"artifactID": self.pending, "name": "f", "md5": md5(b"f")}]},
            "commitArtifact": {"artifactID": self.pending},
            "updateArtifact": {"artifactID": artifact, "description": "spoilt", "tagsToAdd": [{"tagName": "spoilt"}]},
            "useArtifact": {**named, "artifactID": artifact},
            "linkArtifact": {**names, "artifactID": artifact, "artifactPortfolioName": "chosen", "aliases": [alias]},
            "unlinkArtifact": {"artifactID": artifact, "artifactPortfolioID": chosen},
            "addAliases": {"artifactID": artifact, "aliases": [alias]},
            "deleteAliases": {"artifactID": artifact, "aliases": [{**alias, "alias": "latest"}]},
            "createArtifactCollectionTagAssignments": {**artifacts, "tags": [{"tagName": "spoilt"}]},
            "deleteArtifactCollectionTagAssignments": {**artifacts, "tags": [{"tagName": "spoilt"}]},
            "updateArtifactSequence": {"artifactSequenceID": data, "description": "spoilt"},
            "updateArtifactPortfolio": {"artifactPortfolioID": chosen, "description": "spoilt"},
            "moveArtifactSequence": {"artifactSequenceID": data, "destinationArtifactTypeName": "spoilt"},
            "deleteArtifactPortfolio": {"artifactPortfolioID": chosen},
            "deleteArtifact": {"artifactID": artifact, "deleteAliases": True},
            "deleteArtifactSequence": {"artifactSequenceID": data},
            "deleteRun": {"id": other["id"]},
            "upsertModel": {"id": found["id"], "description": "spoilt"},
            "deleteModel": {"id": found["id"]},
        }

    def send(self, mutation: str, fields: dict, user: User, selection: str = "__typename"):
        kind = mutation[0].upper() + mutation[1:] + "Input"
        return self.server.request("POST", "/graphql", {"query": f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {selection} }} }}",
                                                        "variables": {"i": fields}}, key=user.key)

    def ask(self, mutation: str, fields: dict, selection: str):
        reply = self.send(mutation, fields, self.team.member, selection)
        assert reply.status == 200 and "errors" not in reply.json(), f"{mutation}: {reply.text}"
        return reply.json()["data"][mutation]

    def state(self) -> dict:
        return self.server.graphql(STATE, {"e": self.team.name}, key=self.team.member.key)


def refused(reply, team: Team) -> None:
    assert reply.status == 403, f"{reply.status}: {reply.text}"
    for word in ("viewer", team.name, "ask", "member"):  # the role, of what, and the remedy
        assert word in reply.text, reply.text


def test_every_mutation_refuses_a_viewer_and_serves_a_member(server, team):
    filled = Filled(server, team)
    mutations = {field["name"] for field in server.graphql(MUTATIONS, key=team.viewer.key)["__schema"]["mutationType"]["fields"]}
    assert mutations - OF_ACCOUNTS - UNSUPPORTED == set(filled.requests)
    before = filled.state()
    assert "\"r\"" in json.dumps(before) and "chosen" in json.dumps(before)
    for mutation, fields in filled.requests.items():
        reply = filled.send(mutation, fields, team.viewer)
        assert reply.status == 403, f"{mutation}: {reply.status} {reply.text}"
        refused(reply, team)
        assert filled.state() == before, mutation
    for mutation, fields in filled.requests.items():
        reply = filled.send(mutation, fields, team.member)
        if mutation == "requeueSweepRun":  # of no run of the sweep: looked at, and refused for that
            assert reply.status != 403
            continue
        assert reply.status == 200 and "errors" not in reply.json(), f"{mutation}: {reply.status} {reply.text}"


@pytest.mark.parametrize("mutation,fields", [
    ("upsertBucket", {"modelName": "new", "name": "new"}),
    ("upsertModel", {"name": "new"}),
    ("upsertSweep", {"projectName": "new", "config": SWEEP}),
    ("createArtifactType", {"projectName": "new", "name": "new"}),
])
def test_a_viewer_makes_nothing_new(server, team, mutation, fields):
    filled = Filled(server, team)
    before = filled.state()
    refused(filled.send(mutation, {**fields, "entityName": team.name}, team.viewer), team)
    assert filled.state() == before


@pytest.mark.parametrize("body", [
    {}, {"complete": True, "exitcode": 1}, {"preempting": True}, {"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{}"]}}},
    {"files": {"output.log": {"offset": 0, "content": ["x"]}}}, {"files": {"wandb-summary.json": {"offset": 0, "content": ["{}"]}}}])
def test_a_viewer_streams_nothing(server, team, body):
    server.create_run(User(team.name, team.member.key), "p", "r")
    for user in (team.viewer, team.member, team.viewer):  # whatever is remembered of the run by then
        reply = server.file_stream(User(team.name, user.key), "p", "r", body)
        if user is team.viewer:
            refused(reply, team)
        else:
            assert reply.status == 200


def test_a_viewer_is_given_no_link_to_upload_by(server, team):
    filled = Filled(server, team)
    query = """query($e: String!, $names: [String]) { project(name: "p", entityName: $e) { run(name: "r") { files(names: $names) {
        uploadHeaders edges { node { name uploadUrl directUrl } } } } } }"""
    old_way = """query($e: String!) { project(name: "p", entityName: $e) { run(name: "r") { files(names: ["new.txt"]) {
        uploadHeaders edges { node { name url(upload: true) } } } } } }"""
    listed = server.graphql(query, {"e": team.name, "names": ["f.txt"]}, key=team.viewer.key)["project"]["run"]["files"]["edges"]
    assert [(edge["node"]["name"], edge["node"]["uploadUrl"]) for edge in listed] == [("f.txt", None)]
    assert server.get(listed[0]["node"]["directUrl"].replace(server.url, "")).body == b"text"
    refused(server.request("POST", "/graphql", {"query": old_way, "variables": {"e": team.name}}, key=team.viewer.key), team)
    given = server.graphql(old_way, {"e": team.name}, key=team.member.key)["project"]["run"]["files"]["edges"][0]["node"]["url"]
    assert upload(server, given, b"new").status == 200
    for text, fields in ((CREATE, filled.requests["createArtifact"]), (MANIFEST, filled.requests["createArtifactManifest"]),
                         (FILES, filled.requests["createArtifactFiles"])):
        refused(server.request("POST", "/graphql", {"query": text, "variables": {"i": fields}}, key=team.viewer.key), team)


def test_a_viewer_sees_all_of_it_and_is_told_that_it_is_read_only(server, team):
    filled = Filled(server, team)
    query = """query($e: String!) { entity(name: $e) { readOnly } project(name: "p", entityName: $e) { readOnly run(name: "r") { readOnly } } }"""
    assert server.graphql(STATE, {"e": team.name}, key=team.viewer.key) == filled.state()
    for user, is_read_only in ((team.viewer, True), (team.member, False)):
        seen = server.graphql(query, {"e": team.name}, key=user.key)
        assert [seen["entity"]["readOnly"], seen["project"]["readOnly"], seen["project"]["run"]["readOnly"]] == [is_read_only] * 3


def test_a_viewer_of_one_team_owns_what_is_theirs(server, team):
    server.create_run(team.viewer, "p", "r")
    assert server.file_stream(team.viewer, "p", "r", {"complete": True, "exitcode": 0}).status == 200


def test_an_administrator_of_the_server_is_no_viewer_anywhere(server, team):
    admin = server.add_user(admin=True)
    other = f"{team.name}-2"
    assert server.admin("POST", "/teams", {"name": other, "members": [{"name": admin.name, "role": "viewer"}]}).status == 201
    server.create_run(User(other, admin.key), "p", "r")


def test_a_role_is_changed_and_taken_at_once(server, team):
    run = User(team.name, team.member.key)
    server.create_run(run, "p", "r")
    row = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{}"]}}}
    set_role = lambda user, role: server.admin("PUT", f"/teams/{team.name}/members/{user.name}", {"role": role}).status  # noqa: E731
    for _ in range(2):  # the second one is answered from what is remembered
        assert server.file_stream(run, "p", "r", row).status == 200
    assert set_role(team.member, "viewer") == 204
    refused(server.file_stream(run, "p", "r", row), team)
    assert set_role(team.member, "member") == 204
    for _ in range(2):
        assert server.file_stream(run, "p", "r", row).status == 200
    assert server.admin("DELETE", f"/teams/{team.name}/members/{team.member.name}").status == 204
    assert server.file_stream(run, "p", "r", row).status == 404
    assert set_role(team.viewer, "vewer") == 400 and set_role(User("nobody-at-all", ""), "viewer") == 404
    assert server.admin("POST", "/teams", {"name": f"{team.name}-2", "members": [{"name": team.viewer.name, "role": "vewer"}]}).status == 400
    refused(server.file_stream(User(team.name, team.viewer.key), "p", "r", row), team)
