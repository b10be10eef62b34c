"""What a person may not see answers exactly like what does not exist: byte by byte, over every way to ask.

An owner has a project with everything in it. A stranger asks for it, and asks the same of an owner who has nothing, whose
names are as long. With the names set equal, the two answers must be the same bytes. The mutations are read from the
schema, so that one that is added is tested, too.
"""
import base64
import json
import re
import secrets

import pytest

from harness.server import User

SCHEMA = """query { __schema { mutationType { fields { name args { name type { ...T } } } }
  types { kind name enumValues { name } inputFields { name type { ...T } } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"""

# Only an administrator's, and about accounts: the names of users and teams are no secret there.
OF_ACCOUNTS = {"createUser", "createTeam", "generateApiKey", "deleteApiKey"}

QUERIES = {
    "project": "project(name: $p, entityName: $e) { id name }",
    "model": "model(name: $p, entityName: $e) { id name }",
    "models": "models(entityName: $e) { edges { node { name } } }",
    "entity": "entity(name: $e) { id name }",
    "run": "project(name: $p, entityName: $e) { run(name: $r) { id config history(samples: 10) } }",
    "bucket": "model(name: $p, entityName: $e) { bucket(name: $r) { id historyLineCount } }",
    "runs": "project(name: $p, entityName: $e) { runCount runs(first: 10) { edges { node { name } } } }",
    "sweep": "project(name: $p, entityName: $e) { sweep(sweepName: $s) { id config } }",
    "sweeps": "project(name: $p, entityName: $e) { sweeps { edges { node { name } } } }",
    "files": "project(name: $p, entityName: $e) { run(name: $r) { files { edges { node { name directUrl } } } } }",
    "artifact": "artifact(id: $i) { id digest }",
    "artifact types": "project(name: $p, entityName: $e) { artifactTypes { edges { node { name } } } }",
    "artifact by name": "project(name: $p, entityName: $e) { artifact(name: \"data:v0\") { id } }",
}


class Owned:
    """Somebody's names, all of the same lengths, and the ids that the things have or would have."""

    def __init__(self, server):
        word = secrets.token_hex(4)
        self.user = server.add_user(f"u-{word}")
        self.project, self.run, self.sweep = f"p-{word}", f"r-{word}", word
        self.names = {"e": self.user.name, "p": self.project, "r": self.run, "s": self.sweep}
        self.ids = {}

    def fill(self, server) -> None:
        made = server.create_run(self.user, self.project, self.run, config=json.dumps({"lr": {"value": 1}}))["bucket"]
        self.ids["run"] = made["id"]
        self.ids["project"] = made["project"]["id"]
        rows = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":0,"x":1}']}}}
        assert server.file_stream(self.user, self.project, self.run, rows).status == 200
        config = json.dumps({"method": "grid", "parameters": {"x": {"values": [1, 2]}}})
        made = server.graphql("""mutation($c: String!, $e: String!, $p: String!) { upsertSweep(input: {config: $c, entityName: $e,
            projectName: $p}) { sweep { id name } } }""", {"c": config, "e": self.user.name, "p": self.project}, key=self.user.key)
        self.names["s"], self.ids["sweep"] = made["upsertSweep"]["sweep"]["name"], made["upsertSweep"]["sweep"]["id"]
        made = server.graphql("""mutation($s: String!, $e: String!, $p: String!) { createAgent(input: {host: "h", sweep: $s, entityName: $e,
            projectName: $p}) { agent { id } } }""", {"s": self.names["s"], "e": self.user.name, "p": self.project}, key=self.user.key)
        self.ids["agent"] = made["createAgent"]["agent"]["id"]
        made = server.graphql("""mutation($e: String!, $p: String!, $r: String!) { createArtifact(input: {entityName: $e, projectName: $p,
            runName: $r, artifactTypeName: "dataset", artifactCollectionNames: ["data"], digest: "d41d8cd98f00b204e9800998ecf8427e",
            digestAlgorithm: MANIFEST_MD5}) { artifact { id } } }""", {"e": self.user.name, "p": self.project, "r": self.run}, key=self.user.key)
        self.ids["artifact"] = made["createArtifact"]["artifact"]["id"]

    def pretend(self, real: "Owned") -> None:
        """Ids of the same form as the real ones, of things that are not there."""
        self.names["s"] = secrets.token_hex(4)
        for kind, known in real.ids.items():
            try:
                text = base64.b64decode(known, validate=True).decode()
            except ValueError:
                text = None
            if text is None or ":" not in text:
                self.ids[kind] = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in known)
                continue
            for name in "eprs":
                text = text.replace(real.names[name], self.names[name])
            parts = [str(int(part) + 10**6) if part.isdigit() and len(part) < 8 else part for part in text.split(":")]
            self.ids[kind] = base64.b64encode(":".join(parts).encode()).decode()


def masked(reply, owned: Owned) -> tuple:
    """The answer with the names set equal."""
    text = reply.text
    for kind, known in owned.ids.items():
        text = text.replace(known, f"<id of {kind}>").replace(known[:40], f"<id of {kind}>")  # long ones are told in part
    for kind, name in owned.names.items():
        text = text.replace(name, f"<{kind}>")
    for kind, known in owned.ids.items():  # as the server tells numbers of ids
        number = base64.b64decode(known + "==").decode(errors="ignore").rsplit(":", 1)[-1]
        if number.isdigit():
            text = re.sub(rf" {number} (?!fields)", f" <number of {kind}> ", text).replace(f'"{number}\\"', f'"<number of {kind}>\\"')
    return reply.status, reply.headers.get("content-type"), text


@pytest.fixture(scope="module")
def people(server):
    real, nobody = Owned(server), Owned(server)
    real.fill(server)
    nobody.pretend(real)
    return real, nobody, server.add_user()


def state(server, real: Owned) -> str:
    found = server.graphql("""query($e: String!, $p: String!, $r: String!, $s: String!) { project(name: $p, entityName: $e) { runCount
        run(name: $r) { config state stopped tags notes historyLineCount files { edges { node { name } } } }
        sweep(sweepName: $s) { state config runCount agents { edges { node { id } } } } } }""", real.names, key=real.user.key)
    return json.dumps(found)


@pytest.mark.parametrize("what", QUERIES)
def test_a_query_tells_nothing(server, people, what):
    real, nobody, stranger = people
    answers = []
    for owned in (real, nobody):
        body = {"query": f"query($e: String, $p: String, $r: String!, $s: String!, $i: ID!) {{ {QUERIES[what]} }}",
                "variables": {**owned.names, "i": owned.ids["artifact"]}}
        answers.append(masked(server.request("POST", "/graphql", body, key=stranger.key), owned))
    assert answers[0] == answers[1]
    assert "Cannot query field" not in answers[0][2] and "Syntax Error" not in answers[0][2], answers[0]
    own = server.request("POST", "/graphql", {**body, "variables": {**real.names, "i": real.ids["artifact"]}}, key=real.user.key)
    assert masked(own, real) != answers[0], "the owner sees no more than a stranger: nothing was asked"


def value_of(kind: dict, name: str, types: dict, names: dict, an_id: str, depth: int = 0):
    """What to send for a field: somebody's names where it is called so, else the simplest value of its type."""
    if kind["kind"] == "NON_NULL":
        return value_of(kind["ofType"], name, types, names, an_id, depth)
    if kind["kind"] == "LIST":
        return [value_of(kind["ofType"], name, types, names, an_id, depth)]
    known = {"entityname": "e", "entity": "e", "projectname": "p", "project": "p", "modelname": "p", "runname": "r", "name": "r",
             "sweep": "s", "sweepname": "s", "destentityname": "e", "destprojectname": "p"}
    if kind["kind"] == "SCALAR":
        if kind["name"] == "ID" or name.lower().endswith("id"):
            return an_id
        if name.lower() in known and kind["name"] == "String":
            return names[known[name.lower()]]
        return {"Int": 1, "Int64": 1, "Float": 1.0, "Boolean": False, "JSONString": "{}", "JSON": {}}.get(kind["name"], "x")
    if kind["kind"] == "ENUM":
        return types[kind["name"]]["enumValues"][0]["name"]
    return {field["name"]: value_of(field["type"], field["name"], types, names, an_id, depth + 1)
            for field in types[kind["name"]]["inputFields"] if depth < 3 or field["type"]["kind"] == "NON_NULL"}


def test_no_mutation_tells_or_changes_anything(server, people):
    real, nobody, stranger = people
    schema = server.graphql(SCHEMA, key=stranger.key)["__schema"]
    types = {kind["name"]: kind for kind in schema["types"]}
    before, differing, asked = state(server, real), [], 0
    for mutation in schema["mutationType"]["fields"]:
        if mutation["name"] in OF_ACCOUNTS:
            continue
        argument = mutation["args"][0]["type"]
        for kind in real.ids:
            for with_all in (True, False):  # every field set, and only those that have to be
                answers = []
                for owned in (real, nobody):
                    value = value_of(argument, "input", types, owned.names, owned.ids[kind])
                    if not with_all:
                        needed = {field["name"] for field in types[argument["ofType"]["name"]]["inputFields"]
                                  if field["type"]["kind"] == "NON_NULL" or field["name"] == "id"}
                        value = {name: part for name, part in value.items() if name in needed}
                    body = {"query": f"mutation($input: {argument['ofType']['name']}!) {{ {mutation['name']}(input: $input) {{ __typename }} }}",
                            "variables": {"input": value}}
                    answers.append(masked(server.request("POST", "/graphql", body, key=stranger.key), owned))
                    asked += 1
                if answers[0] != answers[1]:
                    differing.append((mutation["name"], kind, with_all, answers))
    assert not differing, "\n".join(map(str, differing))
    assert asked > 300
    assert state(server, real) == before


@pytest.mark.parametrize("method,path,body", [
    ("POST", "/files/{e}/{p}/{r}/file_stream", {"complete": True, "exitcode": 1}),
    ("POST", "/files/{e}/{p}/{r}/file_stream", {"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{}"]}}}),
    ("GET", "/files/{e}/{p}/{r}/config.yaml", None),
    ("GET", "/api/live?project={e}/{p}", None),
    ("GET", "/api/live?project={e}/{p}&run={r}", None),
    ("GET", "/api/sweeps/{e}/{p}/{s}/insights", None),
    ("GET", "/artifacts/{e}/d41d8cd98f00b204e9800998ecf8427e", None),
    ("GET", "/artifactsV2/default/{e}/{p}/data/x/d41d8cd98f00b204e9800998ecf8427e/f", None),
    ("GET", "/api/admin/users/{e}/keys", None),
    ("DELETE", "/api/admin/users/{e}", None),
])
def test_a_route_tells_nothing(server, people, method, path, body):
    real, nobody, stranger = people
    before = state(server, real)
    answers = [masked(server.request(method, path.format(**owned.names), body, key=stranger.key), owned) for owned in (real, nobody)]
    assert answers[0] == answers[1]
    assert answers[0][0] in (403, 404), answers[0]
    assert state(server, real) == before
