"""Who sees an artifact through a link sees the artifact, and nothing of the project that it was logged in.

An owner logs an artifact in a project of their own, and links it into a project of a team. What a member of the team can
reach from there is walked by the schema, field by field, so that a field that is added is tested, too: none of the
project's secrets may turn up. And what a member sends changes nothing of it.
"""
import json
import secrets

import pytest

from harness.artifacts import link_artifact, log_artifact, md5
from harness.server import User

SCHEMA = """query { __schema { mutationType { fields { name args { type { ...T } } } }
  types { kind name fields { name args { name type { ...T } } type { ...T } } possibleTypes { name }
    inputFields { name type { ...T } } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"""
# Objects on the way from the artifact; edges and nodes are on it for nothing.
DEPTH = 4
STATE = """query($i: ID!) { artifact(id: $i) { state description metadata tags { name } ttlDurationSeconds digest
  aliases { alias artifactCollection { name } } artifactMemberships { edges { node { artifactCollection { name } } } }
  artifactSequence { name description tags { edges { node { name } } } artifactMemberships { edges { node { versionIndex } } } } } }"""


class Shared:
    """What the owner keeps secret in it is told by its words."""

    def __init__(self, server):
        word = secrets.token_hex(4)
        self.owner, self.member, self.stranger = (server.add_user(f"{role}-{word}") for role in ("owner", "member", "stranger"))
        self.team = f"team-{word}"
        members = [{"name": user.name, "role": "member"} for user in (self.owner, self.member)]
        assert server.admin("POST", "/teams", {"name": self.team, "members": members}).status == 201
        self.project, self.run = f"secret-project-{word}", f"secret-run-{word}"
        server.create_run(self.owner, self.project, self.run, config=json.dumps({"key": {"value": "secret-config"}}))
        rows = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":0,"secret-metric":1}']}}}
        assert server.file_stream(self.owner, self.project, self.run, rows).status == 200
        self.artifact = log_artifact(server, self.owner, self.project, "model", {"w.bin": b"weights"}, run=self.run)
        self.other = log_artifact(server, self.owner, self.project, "model", {"w.bin": b"later weights"}, run=self.run)
        log_artifact(server, self.owner, self.project, "secret-collection", {"x.bin": b"x"}, run=self.run)
        for artifact, description, alias in ((self.artifact, "to be shown", "secret-alias"), (self.other, "secret-description", "secret-other")):
            self.ask(server, self.owner, "updateArtifact", {"artifactID": artifact, "description": description,
                                                            "aliases": [{"artifactCollectionName": "model", "alias": alias}]})
        found = server.graphql("query($i: ID!) { artifact(id: $i) { artifactSequence { id } } }", {"i": self.artifact}, key=self.owner.key)
        self.sequence = found["artifact"]["artifactSequence"]["id"]
        self.ask(server, self.owner, "updateArtifactSequence", {"artifactSequenceID": self.sequence, "description": "secret-words"})
        names = {"entityName": self.owner.name, "projectName": self.project, "artifactCollectionName": "model"}
        self.ask(server, self.owner, "createArtifactCollectionTagAssignments", {**names, "tags": [{"tagName": "secret-tag"}]})
        link_artifact(server, self.owner, self.artifact, self.team, "registry", "shown")

    @staticmethod
    def ask(server, user, mutation, fields):
        kind = mutation[0].upper() + mutation[1:]
        reply = server.request("POST", "/graphql", {"query": f"mutation($i: {kind}Input!) {{ {mutation}(input: $i) {{ __typename }} }}",
                                                    "variables": {"i": fields}}, key=user.key)
        assert "Syntax" not in reply.text and "Unknown" not in reply.text, reply.text
        return reply


@pytest.fixture(scope="module")
def shared(server):
    return Shared(server)


@pytest.fixture(scope="module")
def schema(server, shared):
    return server.graphql(SCHEMA, key=shared.stranger.key)["__schema"]


def named(kind: dict) -> dict:
    while kind.get("ofType"):
        kind = kind["ofType"]
    return kind


def arguments(field: dict, type_name: str, shared: Shared) -> str:
    """The arguments of a field, or None where one is needed that nothing is known for."""
    known = {"aliasName": "latest", "sweepName": "x", "rampIDType": None,
             "name": {"Project": shared.run, "ArtifactType": "model"}.get(type_name, "model")}
    if (type_name, field["name"]) == ("ArtifactType", "artifact"):
        known["name"] = "model:latest"
    given = {}
    for argument in field["args"]:
        if argument["name"] in known and named(argument["type"])["name"] == "String":
            given[argument["name"]] = known[argument["name"]]
        elif argument["type"]["kind"] == "NON_NULL":
            return None
    return "(" + ", ".join(f"{name}: {json.dumps(value)}" for name, value in given.items()) + ")" if given else ""


def selection(type_name: str, types: dict, shared: Shared, depth: int) -> str:
    """Every field of the type, and of what can be reached from it by `depth` objects."""
    kind, parts = types[type_name], ["__typename"]
    if kind["kind"] == "UNION":
        parts += [f"... on {one['name']} {selection(one['name'], types, shared, depth)}" for one in kind["possibleTypes"]]
        return "{ " + " ".join(parts) + " }"
    for field in kind["fields"]:
        below, given = named(field["type"]), arguments(field, type_name, shared)
        if given is None:
            continue
        alias = f"{type_name}_{field['name']}: {field['name']}{given}"
        if below["kind"] in ("SCALAR", "ENUM"):
            parts.append(alias)
            continue
        is_way = type_name.endswith(("Connection", "Edge"))
        if depth > 0 or is_way:
            parts.append(f"{alias} {selection(below['name'], types, shared, depth if is_way else depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def everything(server, shared: Shared, schema: dict, user: User) -> str:
    """All answers, one for each field of the artifact: a document has its limit."""
    types, answers = {kind["name"]: kind for kind in schema["types"]}, []
    for field in types["Artifact"]["fields"]:
        below = named(field["type"])
        if (given := arguments(field, "Artifact", shared)) is None:
            continue
        part = "" if below["kind"] in ("SCALAR", "ENUM") else selection(below["name"], types, shared, DEPTH - 1)
        body = {"query": f"query($i: ID!) {{ artifact(id: $i) {{ {field['name']}{given} {part} }} }}", "variables": {"i": shared.artifact}}
        reply = server.request("POST", "/graphql", body, key=user.key, seconds_max=120)
        assert reply.status == 200 and "errors" not in reply.json(), f"{field['name']}: {reply.text[:2000]}"
        answers.append(reply.text)
    return "\n".join(answers)


def test_nothing_of_the_project_is_reached_from_its_artifact(server, shared, schema):
    own = everything(server, shared, schema, shared.owner)
    words = [shared.project, shared.run, shared.other, "secret-config", "secret-metric", "secret-collection", "secret-alias", "secret-other",
             "secret-description", "secret-words", "secret-tag"]
    assert [word for word in words if word not in own] == [], "the owner does not get that far: nothing is tested"
    seen = everything(server, shared, schema, shared.member)
    assert [word for word in words if word in seen] == []
    assert "secret" not in seen
    assert "to be shown" in seen and "w.bin" in seen and shared.team in seen


def test_the_linked_content_is_listed_and_downloaded(server, shared):
    found = server.graphql("""query($e: String!) { project(name: "registry", entityName: $e) { artifact(name: "shown:latest") {
        id files { edges { node { name directUrl } } } currentManifest { file { directUrl } } artifactType { name }
        artifactSequence { name project { id } } aliases { alias artifactCollection { name } } } } }""",
                           {"e": shared.team}, key=shared.member.key)["project"]["artifact"]
    assert found["id"] == shared.artifact
    url = found["files"]["edges"][0]["node"]["directUrl"]
    assert server.get(url.replace(server.url, "")).body == b"weights"
    assert server.get(found["currentManifest"]["file"]["directUrl"].replace(server.url, "")).status == 200
    assert (found["artifactType"], found["artifactSequence"]) == ({"name": "model"}, {"name": "model", "project": None})
    assert found["aliases"] == [{"alias": "latest", "artifactCollection": {"name": "shown"}}]


def test_a_stranger_sees_no_artifact_at_all(server, shared):
    query = "query($i: ID!) { artifact(id: $i) { id } }"
    assert server.graphql(query, {"i": shared.artifact}, key=shared.stranger.key)["artifact"] is None


def changes_of(shared: Shared) -> dict:
    """Every mutation that names an artifact or what it was logged in, as one that would do some harm."""
    names = {"entityName": shared.team, "projectName": "registry"}
    return {
        "updateArtifact": {"artifactID": shared.artifact, "description": "spoilt", "metadata": "{}", "ttlDurationSeconds": 1},
        "deleteArtifact": {"artifactID": shared.artifact, "deleteAliases": True},
        "createArtifactManifest": {"artifactID": shared.artifact, "name": "spoilt", "digest": "", "runName": "", **names},
        "createArtifactFiles": {"artifactFiles": [{"artifactID": shared.artifact, "name": "f", "md5": md5(b"f")}]},
        "commitArtifact": {"artifactID": shared.artifact},
        "linkArtifact": {"artifactID": shared.artifact, "entityName": shared.member.name, "projectName": "mine", "artifactPortfolioName": "kept"},
        "addAliases": {"artifactID": shared.artifact, "aliases": [{"artifactCollectionName": "model", "alias": "spoilt",
                                                                   "entityName": shared.owner.name, "projectName": shared.project}]},
        "deleteAliases": {"artifactID": shared.artifact, "aliases": [{"artifactCollectionName": "model", "alias": "secret-alias",
                                                                      "entityName": shared.owner.name, "projectName": shared.project}]},
        "unlinkArtifact": {"artifactID": shared.artifact, "artifactPortfolioID": shared.sequence},
        "updateArtifactSequence": {"artifactSequenceID": shared.sequence, "name": "spoilt"},
        "moveArtifactSequence": {"artifactSequenceID": shared.sequence, "destinationArtifactTypeName": "spoilt"},
        "deleteArtifactSequence": {"artifactSequenceID": shared.sequence},
        "updateArtifactPortfolio": {"artifactPortfolioID": shared.sequence, "name": "spoilt"},
        "deleteArtifactPortfolio": {"artifactPortfolioID": shared.sequence},
    }


# It notes that a run of one's own used the artifact; and the service of uploads in parts, which there is not.
HARMLESS = {"useArtifact", "completeMultipartUploadArtifact"}


def test_each_mutation_that_names_an_artifact_is_among_those_tried(shared, schema):
    inputs = {kind["name"]: [field["name"] for field in kind["inputFields"]] for kind in schema["types"] if kind["kind"] == "INPUT_OBJECT"}
    ids = {"artifactID", "artifactSequenceID", "artifactPortfolioID", "artifactFiles"}
    naming = {field["name"] for field in schema["mutationType"]["fields"] if ids & set(inputs[named(field["args"][0]["type"])["name"]])}
    assert naming - HARMLESS == set(changes_of(shared))


@pytest.mark.parametrize("mutation", [
    "updateArtifact", "deleteArtifact", "createArtifactManifest", "createArtifactFiles", "commitArtifact", "linkArtifact", "addAliases",
    "deleteAliases", "unlinkArtifact", "updateArtifactSequence", "moveArtifactSequence", "deleteArtifactSequence", "updateArtifactPortfolio",
    "deleteArtifactPortfolio"])
def test_a_member_of_the_team_changes_nothing_of_it(server, shared, mutation):
    before = server.graphql(STATE, {"i": shared.artifact}, key=shared.owner.key)
    reply = Shared.ask(server, shared.member, mutation, changes_of(shared)[mutation])
    assert reply.status in (403, 404), reply.text
    if mutation in ("updateArtifact", "deleteArtifact", "linkArtifact", "commitArtifact"):  # what they see is not said to be missing
        assert reply.status == 403 and "ask the one who linked it" in reply.text, reply.text
    assert shared.project not in reply.text or mutation in ("addAliases", "deleteAliases")  # which name it themselves
    assert server.graphql(STATE, {"i": shared.artifact}, key=shared.owner.key) == before


def test_a_member_of_the_team_moves_the_aliases_of_the_team(server, shared):
    fields = {"artifactID": shared.artifact, "aliases": [{"artifactCollectionName": "shown", "alias": "production", "entityName": shared.team,
                                                          "projectName": "registry"}]}
    query = "query($e: String!) { project(name: \"registry\", entityName: $e) { artifact(name: \"shown:production\") { id } } }"
    assert Shared.ask(server, shared.member, "addAliases", fields).status == 200
    assert server.graphql(query, {"e": shared.team}, key=shared.member.key)["project"]["artifact"] == {"id": shared.artifact}
    assert Shared.ask(server, shared.member, "deleteAliases", fields).status == 200
    assert server.graphql(query, {"e": shared.team}, key=shared.member.key)["project"]["artifact"] is None


def test_a_run_that_used_a_private_artifact_does_not_open_it(server, shared):
    private = log_artifact(server, shared.owner, shared.project, "private", {"w.bin": b"private weights"}, run=shared.run)
    server.create_run(User(shared.team, shared.owner.key), "open", "training")
    used = Shared.ask(server, shared.owner, "useArtifact", {"artifactID": private, "entityName": shared.team, "projectName": "open",
                                                            "runName": "training"})
    assert used.status == 200
    query = """query($e: String!, $i: ID!) { artifact(id: $i) { id } project(name: "open", entityName: $e) { run(name: "training") {
        inputArtifacts { totalCount edges { node { id } } } outputArtifacts { totalCount } } } }"""
    variables = {"e": shared.team, "i": private}
    seen = server.graphql(query, variables, key=shared.owner.key)
    assert seen["project"]["run"]["inputArtifacts"] == {"totalCount": 1, "edges": [{"node": {"id": private}}]}
    seen = server.graphql(query, variables, key=shared.member.key)
    assert seen["artifact"] is None
    assert seen["project"]["run"]["inputArtifacts"] == {"totalCount": 0, "edges": []}


def test_a_run_that_used_a_linked_artifact_shows_it_until_the_link_is_gone(server, shared):
    artifact = log_artifact(server, shared.owner, shared.project, "briefly", {"w.bin": b"brief weights"}, run=shared.run)
    link_artifact(server, shared.owner, artifact, shared.team, "registry", "brief")
    server.create_run(User(shared.team, shared.member.key), "open", "using")
    used = Shared.ask(server, shared.member, "useArtifact", {"artifactID": artifact, "entityName": shared.team, "projectName": "open",
                                                             "runName": "using"})
    assert used.status == 200, used.text
    query = """query($e: String!) { project(name: "open", entityName: $e) { run(name: "using") { inputArtifacts { edges { node {
        id createdBy { __typename } artifactSequence { project { id } } } } } } } }"""
    seen = server.graphql(query, {"e": shared.team}, key=shared.member.key)["project"]["run"]["inputArtifacts"]["edges"]
    assert seen == [{"node": {"id": artifact, "createdBy": None, "artifactSequence": {"project": None}}}]
    portfolio = server.graphql("query($e: String!) { project(name: \"registry\", entityName: $e) { artifactCollection(name: \"brief\") { id } } }",
                               {"e": shared.team}, key=shared.member.key)["project"]["artifactCollection"]["id"]
    gone = Shared.ask(server, shared.member, "unlinkArtifact", {"artifactID": artifact, "artifactPortfolioID": portfolio})
    assert gone.status == 200, gone.text
    assert server.graphql(query, {"e": shared.team}, key=shared.member.key)["project"]["run"]["inputArtifacts"]["edges"] == []


def test_a_client_id_is_not_taken_over_from_another_owner(server, shared):
    client_id = secrets.token_hex(64)
    artifact = log_artifact(server, shared.owner, shared.project, "named", {"w.bin": b"weights"}, client_id=client_id)
    taken = Shared.ask(server, shared.stranger, "createArtifact", {
        "entityName": shared.stranger.name, "projectName": "mine", "artifactTypeName": "model", "artifactCollectionNames": ["mine"],
        "digest": "0" * 32, "digestAlgorithm": "MANIFEST_MD5", "clientID": client_id})
    assert taken.status == 409 or taken.status == 400, taken.text
    found = server.graphql("query($c: ID!) { clientIDMapping(clientID: $c) { serverID } }", {"c": client_id}, key=shared.owner.key)
    assert found["clientIDMapping"] == {"serverID": artifact}
