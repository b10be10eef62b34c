"""Users, keys and teams over the admin API, and the fixture service that upstream's tests use."""
import http.client
import json
import re
import secrets
import socket
import subprocess

import pytest

from harness.server import ROOT, Server, User

VIEWER = "query Viewer { viewer { username entity admin } }"


def works(server, key) -> bool:
    return server.request("POST", "/graphql", {"query": VIEWER}, key=key).status == 200


def test_a_user_with_a_given_name_and_key_works_at_once(server):
    name = "user_gw0-" + secrets.token_hex(20)
    user = server.add_user(name, name)
    viewer = server.graphql(VIEWER, key=name)["viewer"]
    assert (viewer["username"], viewer["entity"]) == (name, name)
    assert server.admin("DELETE", f"/users/{name}").status == 204
    assert not works(server, user.key)


def test_a_generated_key_is_shown_once(server):
    made = server.admin("POST", "/users", {"name": f"u-{secrets.token_hex(4)}"})
    assert made.status == 201
    key = made.json()["api_key"]
    assert works(server, key)
    assert key not in server.admin("GET", "/users").text


def test_a_given_key_is_not_given_back(server):
    key = secrets.token_hex(20)
    made = server.admin("POST", "/users", {"name": f"u-{secrets.token_hex(4)}", "api_key": key})
    assert made.status == 201 and "api_key" not in made.json()


def test_a_deleted_users_data_are_gone(server):
    user = server.add_user()
    server.create_run(user, "p", "r")
    assert server.admin("DELETE", f"/users/{user.name}").status == 204
    assert server.admin("DELETE", f"/users/{user.name}").status == 404
    again = server.add_user(user.name)
    found = server.graphql("query P($e: String!) { project(name: \"p\", entityName: $e) { id } }", {"e": again.name}, key=again.key)
    assert found["project"] is None


@pytest.mark.parametrize("body,word", [
    ({"name": ""}, "name"), ({"name": "a b"}, "name"), ({"name": "x" * 200}, "name"), ({}, "name"), ({"name": 7}, "name"),
    ({"name": "../x"}, "name"), ({"name": "short-key", "api_key": "abc"}, "API key"),
])
def test_a_malformed_user_is_refused_naming_the_field(server, body, word):
    reply = server.admin("POST", "/users", body)
    assert reply.status == 400
    assert word in reply.text, reply.text


def test_a_name_or_key_that_is_taken_is_refused(server):
    user = server.add_user()
    assert server.admin("POST", "/users", {"name": user.name}).status == 409
    assert server.admin("POST", "/users", {"name": f"u-{secrets.token_hex(4)}", "api_key": user.key}).status == 409
    assert works(server, user.key)


def test_keys_are_made_listed_and_revoked(server):
    user = server.add_user()
    made = server.admin("POST", f"/users/{user.name}/keys").json()
    assert works(server, made["api_key"])
    listed = server.admin("GET", f"/users/{user.name}/keys")
    assert made["api_key"] not in listed.text
    assert str(made["id"]) in listed.text
    assert server.admin("DELETE", f"/keys/{made['id']}").status == 204
    assert not works(server, made["api_key"])
    assert works(server, user.key)


def test_a_bearer_key_is_as_good_as_basic(server, user):
    reply = server.request("POST", "/graphql", {"query": VIEWER}, headers={"Authorization": f"Bearer {user.key}"})
    assert reply.status == 200 and reply.json()["data"]["viewer"]["username"] == user.name


def test_members_of_a_team_see_its_projects_and_others_do_not(server):
    team = f"t-{secrets.token_hex(4)}"
    member, stranger = server.add_user(), server.add_user()
    assert server.admin("POST", "/teams", {"name": team, "members": [{"name": member.name, "role": "admin"}]}).status == 201
    server.create_run(User(team, member.key), "p", "r")
    query, variables = "query P($e: String!) { project(name: \"p\", entityName: $e) { run(name: \"r\") { name } } }", {"e": team}
    assert server.graphql(query, variables, key=member.key)["project"]["run"] == {"name": "r"}
    reply = server.request("POST", "/graphql", {"query": query, "variables": variables}, key=stranger.key)
    unknown = server.request("POST", "/graphql", {"query": query, "variables": {"e": "no-such-team"}}, key=stranger.key)
    assert reply.status == unknown.status
    assert reply.text.replace(team, "X") == unknown.text.replace("no-such-team", "X")
    assert server.admin("DELETE", f"/teams/{team}").status == 204


@pytest.fixture
def fixture_service(server):
    service = subprocess.Popen([ROOT / "tests/wire/fixture_service", "--server", server.url, "--data", server.data],
                               stdout=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)$", service.stdout.readline().strip()).group(1))

    def call(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    yield call
    service.terminate()
    service.wait()
    service.stdout.close()


def test_the_fixture_service_makes_a_user_whose_key_is_its_name(server, fixture_service):
    name = "user_master-" + secrets.token_hex(20)
    assert fixture_service("GET", "/health")[0] == 200
    assert fixture_service("POST", "/db/user", {"command": "up", "username": name, "password": None, "admin": False})[0] == 200
    assert fixture_service("POST", "/db/user", {"command": "password", "username": name, "password": name, "admin": False})[0] == 200
    assert server.graphql("query { viewer { username teams { edges { node { name } } } } }", key=name)["viewer"] == {
        "username": name, "teams": {"edges": [{"node": {"name": name}}]}}
    assert fixture_service("POST", "/db/user", {"command": "down", "username": name})[0] == 200
    assert not works(server, name)


def test_the_fixture_service_makes_an_organization_with_members(server, fixture_service):
    one, two, org = server.add_user(), server.add_user(), f"o-{secrets.token_hex(4)}"
    assert fixture_service("POST", "/db/organization", {"command": "up", "orgName": org, "username": one.name, "fixtureData": None})[0] == 200
    status, text = fixture_service("POST", "/db/organization", {
        "command": "add_members", "orgName": org, "username": None, "fixtureData": {"members": [{"username": two.name, "role": "member"}]}})
    assert status == 200, text
    for user in (one, two):
        edges = server.graphql("query { viewer { teams { edges { node { name } } } } }", key=user.key)["viewer"]["teams"]["edges"]
        assert org in [edge["node"]["name"] for edge in edges]
    assert fixture_service("POST", "/db/organization", {"command": "down", "orgName": org})[0] == 200


@pytest.mark.parametrize("path,body,status", [("/db/user", {"command": "fly", "username": "x"}, 501), ("/db/user", {}, 400),
                                              ("/db/nothing", {}, 404)])
def test_the_fixture_service_refuses_what_it_does_not_know(fixture_service, path, body, status):
    assert fixture_service("POST", path, body)[0] == status


def test_a_live_stream_ends_with_the_key_that_opened_it(server):
    user = server.add_user()
    server.create_run(user, "p", "r")
    ticket = server.request("POST", "/api/live-ticket", {}, key=user.key).json()["ticket"]
    path = f"/api/live?project={user.name}/p&ticket={ticket}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        seen = b""
        while b"hello" not in seen:
            seen += connection.recv(4096)
        listed = server.admin("GET", f"/users/{user.name}/keys").json()["keys"]
        assert server.admin("DELETE", f"/keys/{listed[0]['id']}").status == 204
        while connection.recv(4096):  # raises after 20 s if the stream goes on
            pass
    assert server.get(path).status == 401, "the old ticket opens a new stream"


def test_rights_that_are_gone_open_no_stream_for_the_next_user(server):
    """What is remembered of a deleted user is nobody else's, and a deleted user's number is given to nobody."""
    member, team = server.add_user(), f"t-{secrets.token_hex(4)}"
    assert server.admin("POST", "/teams", {"name": team, "members": [{"name": member.name, "role": "member"}]}).status == 201
    made = server.create_run(User(team, member.key), "p", "r")["bucket"]
    row = {"files": {"wandb-history.jsonl": {"offset": 0, "content": ["{}"]}}}
    for _ in range(2):  # the second one is answered from what is remembered
        assert server.file_stream(User(team, member.key), "p", "r", row).status == 200
    whose = "query($e: String!) { project(name: \"p\", entityName: $e) { user { username } run(name: \"r\") { user { username } } } }"
    assert server.graphql(whose, {"e": team}, key=server.admin_key)["project"]["run"]["user"] == {"username": member.name}
    assert server.admin("DELETE", f"/users/{member.name}").status == 204
    for _ in range(3):
        following = server.add_user()
        for _ in range(2):
            assert server.file_stream(User(team, following.key), "p", "r", row).status == 404
        seen = server.graphql(whose, {"e": team}, key=server.admin_key)["project"]
        assert seen == {"user": None, "run": {"user": None}}
    assert made["name"] == "r"


def test_the_last_administrator_stays(tmp_path):
    with Server.start(tmp_path / "data") as server:
        first = server.admin("GET", "/users").json()["users"][0]["name"]
        refused = server.admin("DELETE", f"/users/{first}")
        assert refused.status == 409 and "last administrator" in refused.text
        assert server.admin("GET", "/users").status == 200
        second = server.add_user(admin=True)
        assert server.request("DELETE", f"/api/admin/users/{first}", key=second.key).status == 204
        assert server.request("DELETE", f"/api/admin/users/{second.name}", key=second.key).status == 409


def test_a_key_that_the_client_would_refuse_is_refused_here(server):
    name = f"u-{secrets.token_hex(4)}"
    refused = server.admin("POST", "/users", {"name": name, "api_key": "k" * 39})
    assert refused.status == 400 and "40" in refused.text
    assert server.admin("POST", "/users", {"name": name, "api_key": secrets.token_hex(20)}).status == 201


def test_a_colleagues_other_teams_are_not_told(server):
    word, colleague, member, other = secrets.token_hex(4), server.add_user(), server.add_user(), server.add_user()
    for team, people in ((f"ours-{word}", (colleague, member)), (f"theirs-{word}", (colleague, other))):
        members = [{"name": user.name, "role": "member"} for user in people]
        assert server.admin("POST", "/teams", {"name": team, "members": members}).status == 201
    server.create_run(User(f"ours-{word}", colleague.key), "p", "r")
    query = """query($e: String!) { project(name: "p", entityName: $e) { run(name: "r") { user { username
        teams { edges { node { name members { username email } } } } defaultEntity { name members { email } } } } } }"""
    seen = server.graphql(query, {"e": f"ours-{word}"}, key=member.key)["project"]["run"]["user"]
    assert [edge["node"]["name"] for edge in seen["teams"]["edges"]] == [f"ours-{word}"]
    assert {one["username"] for one in seen["teams"]["edges"][0]["node"]["members"]} == {colleague.name, member.name}
    assert other.name not in json.dumps(seen) and seen["defaultEntity"]["members"] == []
    own = server.graphql("query { viewer { teams { edges { node { name } } } } }", key=colleague.key)["viewer"]["teams"]["edges"]
    assert {edge["node"]["name"] for edge in own} == {colleague.name, f"ours-{word}", f"theirs-{word}"}
