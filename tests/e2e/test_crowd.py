"""A thousand agents at one sweep at once."""
import asyncio
import json

from harness.crowd import UPSERT_SWEEP, register_and_take

AGENTS = 1000


def test_a_thousand_agents_at_once_get_each_point_once(server, user):
    config = {"method": "grid", "program": "train.py", "parameters": {"x": {"values": list(range(AGENTS))}}}
    sweep = server.graphql(UPSERT_SWEEP, {"config": json.dumps(config), "entity": user.name, "project": "crowd"},
                           key=user.key)["upsertSweep"]["sweep"]["name"]
    seen = asyncio.run(register_and_take(server.port, user.key, user.name, "crowd", sweep, AGENTS))
    assert all(len(commands) == 1 for commands in seen["commands"])
    assert sorted(commands[0]["args"]["x"]["value"] for commands in seen["commands"]) == list(range(AGENTS))
    assert len({commands[0]["run_id"] for commands in seen["commands"]}) == AGENTS
    assert seen["later"] == [[]] * AGENTS
    project = server.graphql("""query($e: String!, $s: String!) { project(name: "crowd", entityName: $e) { sweep(sweepName: $s) {
                                state runCount agents(first: 2000) { edges { node { id totalRuns } } } } } }""",
                             {"e": user.name, "s": sweep}, key=user.key)["project"]["sweep"]
    assert (project["state"], project["runCount"]) == ("RUNNING", AGENTS)
    assert [edge["node"]["totalRuns"] for edge in project["agents"]["edges"]] == [1] * AGENTS
