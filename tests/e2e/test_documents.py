"""No document that a client sends ends the server or fails inside it, whatever stands in it and however deep it nests."""
import json

import pytest

from harness.server import Server

DEEP = 300_000
SWEEP = "method: random\nmetric: {name: loss, goal: minimize}\nparameters:\n  lr: {min: 0.0, max: 1.0}\n"
ODD = [None, True, 0, -1, 2**63, 1e300, "", "x", [], [[]], {}, {"": {}}, [None, 1, "x", {}]]

# What each of these arguments usually holds: an input field as Type.field, a field's argument as Type.field(argument).
DOCUMENTS = {
    "UpsertBucketInput.config": {"_wandb": {"value": {"branch_point": {"run_id": "r", "step": 1}, "t": {"1": [2]}}}, "lr": {"value": 0.1}},
    "UpsertBucketInput.summaryMetrics": {"loss": 1, "_wandb": {"runtime": 2}},
    "UpsertModelInput.views": {"project": {"views": [1]}},
    "UpsertSweepInput.controller": {"schedule": [{"id": "a", "data": {"args": {"lr": {"value": 0.1}}}}], "earlystop": ["r"]},
    "UpsertSweepInput.scheduler": {"job": "j", "resource": "local-process"},
    "UpsertSweepInput.launchScheduler": {"job": "j", "resource_args": {"a": [1]}},
    "UpsertSweepInput.templateVariableValues": {"a": 1},
    "UpsertSweepInput.priorRunsFilters": {"$or": [{"name": {"$in": ["r"]}}, {"name": "r"}]},
    "AgentHeartbeatInput.metrics": {"regatta": {"slots": 1, "free": 1, "preempting": ["r"],
                                                "ended": [{"run_id": "r", "exit_code": 1, "signal": 9}]}},
    "AgentHeartbeatInput.runState": {"r": True},
    "EnqueueSweepRunInput.config": {"lr": {"value": 0.5}},
    "TagInput.attributes": {"a": [1]},
    "ArtifactManifestEntryInput.extra": {"a": [1]},
    "CreateArtifactInput.metadata": {"a": {"b": [1]}},
    "CreateArtifactInput.labels": ["a"],
    "UpdateArtifactInput.metadata": {"a": {"b": [1]}},
    "Query.models(filters)": {"name": "p"},
    "Entity.projects(filters)": {"name": "p"},
    "Project.runs(filters)": {"$and": [{"config.lr.value": {"$gt": 0}}, {"name": {"$regex": "r", "$options": "i"}}, {"$not": {"tags": {"$in": ["a"]}}}]},
    "Project.runCount(filters)": {"$or": [{"state": "running"}]},
    "Project.buckets(filters)": {"name": {"$ne": "x"}},
    "Project.sweeps(filters)": {"name": "x"},
    "Project.artifactCollections(filters)": {"$and": [{"name": {"$in": ["c"]}}]},
    "Sweep.runs(filters)": {"name": {"$exists": True}},
    "Run.sampledHistory(specs)": {"keys": ["x"], "samples": 10, "minStep": 0, "maxStep": 5, "extremes": "x"},
    "ArtifactType.artifactCollections(filters)": {"$or": [{"name": "c"}], "createdAt": {"$gt": "2020"}},
    "ArtifactCollection.artifacts(filters)": {"tags": {"$nin": ["a"]}, "versionIndex": {"$gte": 0}, "state": {"$exists": True}},
    "ArtifactSequence.artifacts(filters)": {"$not": {"size": {"$lt": 5}}},
    "ArtifactPortfolio.artifacts(filters)": {"state": "COMMITTED"},
}
# Where the document goes in: the rest of what that argument needs. $e is the entity, $s the sweep's id, $w its name, $a the agent's, $t the
# artifact's, $d the document.
INPUTS = {
    "UpsertBucketInput": "upsertBucket(input: {entityName: $e, modelName: \"p\", name: \"NEW\", FIELD}) { bucket { id wandbConfig(keys: [\"t\"]) config summaryMetrics } }",
    "UpsertModelInput": "upsertModel(input: {entityName: $e, name: \"p\", FIELD}) { model { views } }",
    "UpsertSweepInput": "upsertSweep(input: {id: $s, FIELD}) { sweep { id controller scheduler runs { edges { node { name } } } } }",
    "AgentHeartbeatInput": "agentHeartbeat(input: {id: $a, FIELD}) { commands }",
    "EnqueueSweepRunInput": "enqueueSweepRun(input: {id: $s, FIELD}) { id }",
    "TagInput": "updateArtifact(input: {artifactID: $t, tagsToAdd: [{tagName: \"x\", FIELD}]}) { artifact { id } }",
    "CreateArtifactInput": """createArtifact(input: {entityName: $e, projectName: "p", artifactTypeName: "t", artifactCollectionNames: ["c"], digest: "d",
        digestAlgorithm: MANIFEST_MD5, FIELD}) { artifact { id metadata } }""",
    "UpdateArtifactInput": "updateArtifact(input: {artifactID: $t, FIELD}) { artifact { metadata } }",
}
PROJECT = "project(entityName: $e, name: \"p\") { %s }"
ARTIFACT_TYPE = PROJECT % "artifactType(name: \"t\") { %s }"
VERSIONS = "artifacts(filters: $d, order: \"-versionIndex\") { edges { node { id } } }"
FIELDS = {
    "Query.models(filters)": "models(entityName: $e, filters: $d) { edges { node { name } } }",
    "Entity.projects(filters)": "entity(name: $e) { projects(filters: $d) { edges { node { name } } } }",
    "Project.runs(filters)": PROJECT % "runs(first: 10, filters: $d) { edges { node { name } } }",
    "Project.runCount(filters)": PROJECT % "runCount(filters: $d)",
    "Project.buckets(filters)": PROJECT % "buckets(filters: $d) { edges { node { name } } }",
    "Project.sweeps(filters)": PROJECT % "sweeps(filters: $d) { edges { node { name } } }",
    "Project.artifactCollections(filters)": PROJECT % "artifactCollections(filters: $d) { edges { node { name } } }",
    "Sweep.runs(filters)": PROJECT % "sweep(sweepName: $w) { runs(filters: $d) { edges { node { name } } } }",
    "Run.sampledHistory(specs)": PROJECT % "run(name: \"r\") { sampledHistory(specs: [$d]) }",
    "ArtifactType.artifactCollections(filters)": ARTIFACT_TYPE % "artifactCollections(filters: $d) { edges { node { name } } }",
    "ArtifactCollection.artifacts(filters)": PROJECT % ("artifactCollection(name: \"c\") { %s }" % VERSIONS),
    "ArtifactSequence.artifacts(filters)": ARTIFACT_TYPE % ("artifactCollection(name: \"c\") { ... on ArtifactSequence { %s } }" % VERSIONS),
    "ArtifactPortfolio.artifacts(filters)": ARTIFACT_TYPE % ("artifactCollection(name: \"c\") { ... on ArtifactPortfolio { %s } }" % VERSIONS),
}
UNREACHABLE = {"ArtifactManifestEntryInput.extra"}  # of an input type that no mutation takes


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("documents") / "data") as running:
        yield running


@pytest.fixture
def world(server):
    """A person with a run that has history, a sweep with an agent, and an artifact."""
    user = server.add_user()
    server.create_run(user, "p", "r")
    assert server.file_stream(user, "p", "r", {"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":0,"x":1}', '{"_step":1,"x":2}']}}}).status == 200
    variables = {"e": user.name}
    sweep = server.graphql("mutation($e: String, $c: String!) { upsertSweep(input: {entityName: $e, projectName: \"p\", config: $c}) { sweep { id name } } }",
                           {**variables, "c": SWEEP}, key=user.key)["upsertSweep"]["sweep"]
    variables |= {"s": sweep["id"], "w": sweep["name"]}
    variables["a"] = server.graphql("mutation($e: String, $w: String!) { createAgent(input: {entityName: $e, projectName: \"p\", host: \"h\", sweep: $w}) { agent { id } } }",
                                    variables, key=user.key)["createAgent"]["agent"]["id"]
    variables["t"] = new_artifact(server, user, variables)
    return user, variables


def new_artifact(server, user, variables) -> str:
    return server.graphql("mutation($e: String!) { " + INPUTS["CreateArtifactInput"].replace("FIELD", "metadata: null") + " }", variables, key=user.key)["createArtifact"]["artifact"]["id"]


@pytest.fixture(autouse=True)
def goes_on(server):
    """After each test the same process still answers, and its log tells of no exception."""
    yield
    assert server.process.poll() is None, server.log()
    assert server.get("/healthz").status == 200
    assert "exception" not in server.log()


def variants(document):
    """The document with each of its values, and itself, replaced by each odd value."""
    yield from ODD
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for place, value in items:
        for changed in variants(value):
            copy = document.copy()
            copy[place] = changed
            yield copy
    if isinstance(document, dict):
        for place in document:
            yield {"$" + place: document[place]}
            yield {key: value for key, value in document.items() if key != place}


def nested(document) -> list:
    """Texts of the document with something bottomless at each of its values."""
    hole = "\x01"
    def holes(value):
        yield hole
        if isinstance(value, dict):
            for key in value:
                for inner in holes(value[key]):
                    yield {**value, key: inner}
        if isinstance(value, list):
            for at in range(len(value)):
                for inner in holes(value[at]):
                    yield value[:at] + [inner] + value[at + 1:]
    depths = ["[" * DEEP + "]" * DEEP, '{"$and":[' * DEEP + '{"name":"x"}' + "]}" * DEEP, '{"$or":[' * DEEP + '"x"' + "]}" * DEEP, '{"$not":' * DEEP + "{}" + "}" * DEEP]
    texts = [json.dumps(shape).replace(json.dumps(hole), depth) for shape in holes(document) for depth in depths[:1]]
    return texts + depths[1:] + ["[" * DEEP]


class Asker:
    """Puts documents into one argument."""

    def __init__(self, server, world, place):
        self.server = server
        self.user, self.variables = world
        self.place = place
        self.count = 0

    def query(self) -> str:
        if self.place in FIELDS:
            return "query(HEAD) { " + FIELDS[self.place] + " }"
        kind, field = self.place.split(".")
        return "mutation(HEAD) { " + INPUTS[kind].replace("FIELD", f"{field}: $d") + " }"

    def __call__(self, text: str):
        self.count += 1
        query = self.query().replace("NEW", f"n{self.count}")
        kinds = {"e": "String!", "s": "ID!", "w": "String!", "a": "ID!", "t": "ID!", "d": "JSONString!"}
        used = [name for name in kinds if f"${name}" in query]
        query = query.replace("HEAD", ", ".join(f"${name}: {kinds[name]}" for name in used))
        variables = {name: value for name, value in {**self.variables, "d": text}.items() if name in used}
        reply = self.server.request("POST", "/graphql", {"query": query, "variables": variables}, key=self.user.key, seconds_max=60)
        answer = reply.json()
        for error in answer.get("errors", ()):
            assert error["extensions"]["code"] not in ("INTERNAL", "UNSUPPORTED", "UNAVAILABLE"), f"{text[:300]}: {error}"
        assert reply.status < 500, f"{text[:300]}: {reply.status}: {reply.text[:500]}"
        return answer


def test_every_argument_that_takes_a_document_is_tried(server):
    """By the server's own account of its schema."""
    types = server.graphql("""{ __schema { types { name kind inputFields { name type { ...t } } fields(includeDeprecated: true) { name args { name type { ...t } } } } } }
        fragment t on __Type { name ofType { name ofType { name ofType { name } } } }""", key=server.admin_key)["__schema"]["types"]
    def takes(argument) -> bool:
        kind = argument["type"]
        while kind.get("ofType"):
            kind = kind["ofType"]
        return kind["name"] in ("JSONString", "JSON")
    found = set()
    for kind in types:
        found |= {f"{kind['name']}.{field['name']}" for field in kind["inputFields"] or () if takes(field)}
        found |= {f"{kind['name']}.{field['name']}({argument['name']})" for field in kind["fields"] or () for argument in field["args"] if takes(argument)}
    assert found - {place for place in found if place.startswith("ArtifactCollectionInterface.")} == set(DOCUMENTS)


@pytest.mark.parametrize("place", sorted(set(DOCUMENTS) - UNREACHABLE))
def test_a_document_of_any_shape_is_taken_or_refused(server, world, place):
    ask = Asker(server, world, place)
    usual = ask(json.dumps(DOCUMENTS[place]))
    assert not usual.get("errors"), usual
    for document in variants(DOCUMENTS[place]):
        ask(json.dumps(document))
    for text in ("", "{", "nul", "NaN", '{"a":NaN}', '"\\ud800"', "\x00", '{"a":1,"a":[]}'):
        ask(text)


@pytest.mark.parametrize("place", sorted(set(DOCUMENTS) - UNREACHABLE))
def test_a_document_of_any_depth_is_taken_or_refused(server, world, place):
    ask = Asker(server, world, place)
    for text in nested(DOCUMENTS[place]):
        ask(text)


def test_a_manifest_of_any_shape_and_depth_is_taken_or_refused(server, world):
    user, variables = world
    usual = {"version": 1, "contents": {"a": {"digest": "d", "size": 3, "ref": "s3://b/a", "birthArtifactID": "x", "extra": {"e": [1]}}}, "storagePolicyConfig": {}}
    texts = [json.dumps(usual)] + [json.dumps(document) for document in variants(usual)] + nested(usual)[:8] + ["", "{", '{"contents":{"a":{"size":1e300}}}']
    for at, text in enumerate(texts):
        artifact = new_artifact(server, user, variables)
        made = server.graphql("""mutation($e: String!, $t: ID!) { createArtifactManifest(input: {artifactID: $t, name: "wandb_manifest.json", digest: "d", type: FULL,
            entityName: $e, projectName: "p", runName: ""}) { artifactManifest { file { uploadUrl } } } }""", {"e": user.name, "t": artifact}, key=user.key)
        url = made["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
        assert server.request("PUT", url.removeprefix(server.url), text.encode()).status == 200
        reply = server.request("POST", "/graphql", {"query": """mutation($t: ID!) { commitArtifact(input: {artifactID: $t}) {
            artifact { currentManifest { file { directUrl } } files(first: 10) { edges { node { name sizeBytes } } } } } }""", "variables": {"t": artifact}}, key=user.key, seconds_max=60)
        assert reply.status < 500, f"{text[:200]}: {reply.text[:300]}"
        assert at > 0 or not reply.json().get("errors"), reply.text


def test_metadata_of_any_shape_and_depth_is_shown_or_passed_over(server, world):
    user, _ = world
    usual = {"program": "train.py", "args": ["--lr", ["x"]], "os": "Linux", "cpu_count": 4, "codePath": "p", "git": {"remote": "r", "commit": "c"}}
    texts = [json.dumps(usual)] + [json.dumps(document) for document in variants(usual)] + nested(usual)[:4]
    for body in [text.encode() for text in texts] + [b'{"program":"\xff","args":[["\xff"]],"git":{"remote":"\xfe"}}', b"", b"{"]:
        made = server.graphql("""mutation($e: String!) { createRunFiles(input: {entityName: $e, projectName: "p", runName: "r", files: ["wandb-metadata.json"]}) {
            files { uploadUrl } } }""", {"e": user.name}, key=user.key)
        assert server.request("PUT", made["createRunFiles"]["files"][0]["uploadUrl"].removeprefix(server.url), body).status == 200
        server.graphql("""query($e: String!) { project(entityName: $e, name: "p") { run(name: "r") { runInfo { program args os python colab executable codeSaved
            cpuCount gpuCount gpu git { remote commit } } } } }""", {"e": user.name}, key=user.key)


@pytest.mark.parametrize("sent,kept", [("text/x-mine; charset=utf-8", "text/x-mine; charset=utf-8"), ("a/\xff\xfe", "text/plain; charset=utf-8"),
                                       ("x" * 5000, "text/plain; charset=utf-8"), ("", "text/plain; charset=utf-8")],
                         ids=["one", "bytes", "long", "none"])
def test_a_media_type_that_is_none_is_not_kept(server, world, sent, kept):
    user, _ = world
    made = server.graphql("""mutation($e: String!) { createRunFiles(input: {entityName: $e, projectName: "p", runName: "r", files: ["a.txt"]}) {
        files { uploadUrl } } }""", {"e": user.name}, key=user.key)
    upload = made["createRunFiles"]["files"][0]["uploadUrl"].removeprefix(server.url)
    assert server.request("PUT", upload, b"abc", headers={"Content-Type": sent}).status == 200
    files = server.graphql("""query($e: String!) { project(entityName: $e, name: "p") { run(name: "r") { files { edges { node { name mimetype directUrl } } } } } }""",
                           {"e": user.name}, key=user.key)["project"]["run"]["files"]["edges"]
    assert [file["node"]["mimetype"] for file in files] == [kept]
    answer = server.get(files[0]["node"]["directUrl"].removeprefix(server.url))
    assert (answer.status, answer.body) == (200, b"abc") and answer.headers["content-type"] == kept


@pytest.mark.parametrize("path,usual", [
    ("/users", {"name": "u", "email": "e", "admin": False, "api_key": "k" * 40}),
    ("/users/admin/keys", {"description": "d"}),
    ("/teams", {"name": "t", "members": [{"name": "admin", "role": "member"}]}),
])
def test_what_an_administrator_sends_is_taken_or_refused(server, path, usual):
    texts = [json.dumps(document) for document in variants(usual)] + [text for text in nested(usual) if len(text) < 2**20] + ["{", "[]"]
    for text in texts:
        reply = server.request("POST", "/api/admin" + path, text.encode(), key=server.admin_key)
        assert reply.status < 500, f"{text[:200]}: {reply.text[:300]}"


@pytest.mark.parametrize("tail", [
    "x: " + "[" * DEEP + "]" * DEEP, "x: " + "{a: " * DEEP + "}" * DEEP, "x:\n  " + "- " * DEEP + "1", "x:\n  " + "? " * DEEP + "1",
    "regatta: {constraints: [\"" + "(" * DEEP + "lr" + ")" * DEEP + " < 1\"]}", "regatta: {constraints: [\"" + "not " * DEEP + "lr < 1\"]}",
    "regatta: {constraints: [\"lr < " + "1 + " * DEEP + "1\"]}", "regatta: {constraints: [\"lr < " + "2 ** " * DEEP + "1\"]}",
], ids=["lists", "maps", "dashes", "keys", "brackets", "negations", "sums", "powers"])
def test_a_sweep_file_of_any_depth_is_taken_or_refused(server, world, tail):
    user, variables = world
    reply = server.request("POST", "/graphql", {"query": "mutation($e: String, $c: String!) { upsertSweep(input: {entityName: $e, projectName: \"p\", config: $c}) { sweep { name } } }",
                                                "variables": {"e": user.name, "c": SWEEP + tail}}, key=user.key, seconds_max=120)
    assert reply.status < 500, reply.text[:300]


@pytest.mark.parametrize("body", [
    b'{"zzz":' + b"[" * DEEP + b"]" * DEEP + b',"files":{}}', b'{"files":{"wandb-summary.json":{"offset":0,"content":["{\\"a\\":' + b"[" * DEEP + b"]" * DEEP + b'}"]}}}',
    b'{"files":{"wandb-summary.json":[]}}', b'{"files":[]}', b"[]", b'{"files":{"output.log":{"offset":"0","content":{}}}}', b'{"exitcode":[],"complete":"yes"}',
    b'{"files":{"wandb-history.jsonl":{"offset":0,"content":[[],{},1,null]}}}', b'{"uploaded":{"a":[1]},"dropped":[]}', b"",
], ids=range(10))
def test_a_stream_of_any_shape_and_depth_is_taken_or_refused(server, world, body):
    assert server.file_stream(world[0], "p", "r", body, seconds_max=60).status < 500
