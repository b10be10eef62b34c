"""Artifacts as a client makes them, by hand: what an artifact is made of, one request after the other."""
import base64
import hashlib
import json

from harness.server import Server, User

CREATE = "mutation($i: CreateArtifactInput!) { createArtifact(input: $i) { artifact { id } } }"
MANIFEST = "mutation($i: CreateArtifactManifestInput!) { createArtifactManifest(input: $i) { artifactManifest { file { uploadUrl } } } }"
FILES = "mutation($i: CreateArtifactFilesInput!) { createArtifactFiles(input: $i) { files { edges { node { name uploadUrl } } } } }"
COMMIT = "mutation($i: CommitArtifactInput!) { commitArtifact(input: $i) { artifact { state } } }"
LINK = "mutation($i: LinkArtifactInput!) { linkArtifact(input: $i) { versionIndex } }"


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def upload(server: Server, url: str, content: bytes):
    return server.request("PUT", "/upload/" + url.split("/upload/")[1], content)


def log_artifact(server: Server, user: User, project: str, name: str, files: dict, run: str = None, client_id: str = None) -> str:
    """The id of a committed artifact of type "model". `user.name` may be a team's."""
    names = {"entityName": user.name, "projectName": project}
    ask = lambda text, fields: server.graphql(text, {"i": fields}, key=user.key)  # noqa: E731
    made = ask(CREATE, {**names, "artifactTypeName": "model", "artifactCollectionNames": [name], "digestAlgorithm": "MANIFEST_MD5",
                        "digest": hashlib.md5(repr(sorted(files.items())).encode()).hexdigest(),
                        **({"runName": run} if run else {}), **({"clientID": client_id} if client_id else {})})
    artifact = made["createArtifact"]["artifact"]["id"]
    manifest = ask(MANIFEST, {**names, "artifactID": artifact, "name": "wandb_manifest.json", "digest": "", "runName": run or ""})
    announced = ask(FILES, {"artifactFiles": [{"artifactID": artifact, "name": file, "md5": md5(content)} for file, content in files.items()]})
    for edge in announced["createArtifactFiles"]["files"]["edges"]:
        if edge["node"]["uploadUrl"]:
            assert upload(server, edge["node"]["uploadUrl"], files[edge["node"]["name"]]).status == 200
    document = {"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {"storageLayout": "V2"},
                "contents": {file: {"digest": md5(content), "size": len(content)} for file, content in files.items()}}
    where = manifest["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    assert upload(server, where, json.dumps(document).encode()).status == 200
    assert ask(COMMIT, {"artifactID": artifact})["commitArtifact"]["artifact"]["state"] == "COMMITTED"
    return artifact


def link_artifact(server: Server, user: User, artifact: str, entity: str, project: str, portfolio: str) -> None:
    server.graphql(LINK, {"i": {"artifactID": artifact, "entityName": entity, "projectName": project, "artifactPortfolioName": portfolio,
                                "aliases": []}}, key=user.key)
