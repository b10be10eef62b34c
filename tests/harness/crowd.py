"""Many clients of one server at once, in one thread: connections that stay open, and how long each answer took.

    async with Connection(port, key) as connection:
        data, seconds = await connection.graphql(query, variables)
"""
import asyncio
import base64
import json
import time

CREATE_AGENT = """mutation CreateAgent($host: String!, $sweep: String!, $entity: String, $project: String) {
  createAgent(input: {host: $host, sweep: $sweep, entityName: $entity, projectName: $project}) { agent { id } } }"""
HEARTBEAT = """mutation Heartbeat($id: ID!, $state: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: "{}", runState: $state}) { agent { id } commands } }"""
UPSERT_RUN = """mutation UpsertBucket($name: String, $project: String, $entity: String, $sweep: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, sweep: $sweep}) { bucket { id } } }"""
UPSERT_SWEEP = """mutation UpsertSweep($config: String, $entity: String, $project: String) {
  upsertSweep(input: {config: $config, entityName: $entity, projectName: $project}) { sweep { id name } } }"""


class Connection:
    """One kept-alive connection. One request at a time."""

    def __init__(self, port: int, key: str):
        self.port = port
        self.authorization = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def post(self, path: str, body) -> tuple:
        """(status, body, seconds from the last byte sent to the last byte of the answer)"""
        text = json.dumps(body).encode()
        head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: {self.authorization}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n")
        started = time.perf_counter()
        self.writer.write(head.encode() + text)
        await self.writer.drain()
        status = int((await self.reader.readline()).split()[1])
        length = 0
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        answer = await self.reader.readexactly(length)
        return status, answer, time.perf_counter() - started

    async def graphql(self, query: str, variables: dict) -> tuple:
        """(data, seconds). Raises AssertionError when there are errors."""
        status, answer, seconds = await self.post("/graphql", {"query": query, "variables": variables})
        document = json.loads(answer)
        assert status == 200 and not document.get("errors"), f"{status}: {answer[:500]}"
        return document["data"], seconds

    async def heartbeat(self, agent: str, runs=()) -> tuple:
        """(commands, seconds)"""
        data, seconds = await self.graphql(HEARTBEAT, {"id": agent, "state": json.dumps({run: True for run in runs})})
        return json.loads(data["agentHeartbeat"]["commands"]), seconds


def spread(seconds) -> dict:
    """Median, 99th percentile and maximum in milliseconds."""
    ordered = sorted(seconds)
    at = lambda share: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)  # noqa: E731
    return {"count": len(ordered), "p50": at(0.5), "p99": at(0.99), "max": at(1.0)}


async def register_and_take(port: int, key: str, entity: str, project: str, sweep: str, agents: int) -> dict:
    """`agents` agents register at the same moment and then all ask for a point at the same moment.

    The answer holds the commands, agent by agent, and the seconds that each of both took.
    """
    connections = [Connection(port, key) for _ in range(agents)]
    for connection in connections:
        await connection.__aenter__()

    async def register(number: int):
        data, seconds = await connections[number].graphql(
            CREATE_AGENT, {"host": f"host{number}", "sweep": sweep, "entity": entity, "project": project})
        return data["createAgent"]["agent"]["id"], seconds

    registered = await asyncio.gather(*(register(number) for number in range(agents)))
    taken = await asyncio.gather(*(connection.heartbeat(agent) for connection, (agent, _) in zip(connections, registered)))
    # Again, now that each has its run: nothing new is handed out.
    again = await asyncio.gather(*(connection.heartbeat(agent, [commands[0]["run_id"]] if commands else [])
                                   for connection, (agent, _), (commands, _) in zip(connections, registered, taken)))
    for connection in connections:
        await connection.__aexit__()
    return {"commands": [commands for commands, _ in taken], "later": [commands for commands, _ in again],
            "register_seconds": [seconds for _, seconds in registered], "take_seconds": [seconds for _, seconds in taken],
            "later_seconds": [seconds for _, seconds in again]}
