#!/usr/bin/env python3
"""Measure a server full of sweeps: memory, heartbeats while models are fitted, everybody else's writes, a crowd of agents.

    bench/sweeps.py [--sweeps N] [--trials N] [--busy N] [--seconds S] [--method bayes|random] [--crowd N] [--long N] [--json FILE]

The folder is made by the server itself with one real trial, which is then multiplied in the database (points, attempts and
runs) while the server is down. Then agents register at every sweep (which brings it into memory and fits its model), and agents of --busy
sweeps take points, log one row and finish, as fast as --pace allows, while somebody else logs rows to an ordinary run.
`--method random` is the same work without a model: what is left of the times then is the machine's. --long is a sweep by
itself: that many real runs go through it over the wire, and then the heartbeats that bring one agent its next points are
measured (`--sweeps 0` measures nothing else).
"""
import argparse
import asyncio
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.crowd import CREATE_AGENT, UPSERT_RUN, UPSERT_SWEEP, Connection, register_and_take, spread  # noqa: E402
from harness.server import Server  # noqa: E402

PROJECT = "bench"
LATE = ("newest result", "newest results")


def sweep_config(method: str) -> dict:
    """Ten parameters of all kinds."""
    parameters = {f"x{i}": {"min": 0.0, "max": 1.0} for i in range(5)}
    parameters.update({f"lr{i}": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1} for i in range(2)})
    parameters.update({"layers": {"min": 1, "max": 12}, "width": {"values": [32, 64, 128, 256]}, "kind": {"values": ["a", "b", "c"]}})
    return {"method": method, "program": "train.py", "metric": {"name": "loss", "goal": "minimize"}, "parameters": parameters}


def draw(rng: random.Random) -> dict:
    point = {f"x{i}": rng.random() for i in range(5)}
    point.update({f"lr{i}": 10 ** rng.uniform(-5, -1) for i in range(2)})
    return {**point, "layers": rng.randint(1, 12), "width": rng.choice([32, 64, 128, 256]), "kind": rng.choice("abc")}


def loss_of(point: dict) -> float:
    return sum((point[f"x{i}"] - 0.1 * i) ** 2 for i in range(5)) + abs(point["layers"] - 7) / 12 + point["lr0"] + (point["kind"] == "b") / 4


async def one_trial(server: Server, user, sweep: str) -> None:
    """The trial that the others are copies of."""
    async with Connection(server.port, user.key) as connection:
        data, _ = await connection.graphql(CREATE_AGENT, {"host": "h", "sweep": sweep, "entity": user.name, "project": PROJECT})
        commands, _ = await connection.heartbeat(data["createAgent"]["agent"]["id"])
        await finish(connection, user, sweep, commands[0])


async def finish(connection: Connection, user, sweep: str, command: dict) -> list:
    """What a run's process sends from its first word to its last: the seconds of each request."""
    run = command["run_id"]
    loss = loss_of({name: entry["value"] for name, entry in command["args"].items()})
    _, first = await connection.graphql(UPSERT_RUN, {"name": run, "project": PROJECT, "entity": user.name, "sweep": sweep})
    row = json.dumps({"_step": 0, "loss": loss})
    status, answer, second = await connection.post(
        f"/files/{user.name}/{PROJECT}/{run}/file_stream",
        {"files": {"wandb-history.jsonl": {"offset": 0, "content": [row]}}, "complete": True, "exitcode": 0})
    assert status == 200, answer
    return [first, second]


def multiply(data: pathlib.Path, sweeps: int, trials: int) -> None:
    """Gives every sweep `trials` finished trials, made from the only one there is."""
    database = sqlite3.connect(data / "regatta.db")
    database.row_factory = sqlite3.Row
    tables = {}
    for table in ("sweep_records", "sweep_points", "sweep_attempts"):
        tables[table] = dict(database.execute(f"SELECT * FROM {table} WHERE sweep_id = (SELECT sweep_id FROM sweep_points LIMIT 1)").fetchone())
    first = tables["sweep_points"]["sweep_id"]
    tables["runs"] = dict(database.execute("SELECT * FROM runs WHERE sweep_name <> '' LIMIT 1").fetchone())

    def insert(table: str, **changed) -> None:
        row = {**tables[table], **changed}
        names = ", ".join(row)
        database.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    for sweep, name in database.execute("SELECT id, name FROM sweeps").fetchall():
        rng = random.Random(sweep)
        for number in range(1 if sweep == first else 0, trials):
            point = draw(rng)
            value = loss_of(point) + rng.gauss(0, 0.01)
            insert("sweep_points", sweep_id=sweep, number=number, same_as=number, attempt=number, result=number, ended_order=2 * number + 2,
                   queue_order=2 * number + 1, args=json.dumps({name: {"value": item} for name, item in point.items()}))
            insert("sweep_attempts", sweep_id=sweep, serial=number, point=number, run_id=f"s{sweep}r{number}",
                   token=number + 1, **{column: value for column in ("best", "worst", "last")})
            insert("runs", id=None, name=f"s{sweep}r{number}", sweep_name=name, summary=json.dumps({"loss": value}))
        insert("sweep_records", sweep_id=sweep, search_next=trials, queue_next=2 * trials + 3, token_next=trials + 2, attempts_issued=trials)
    database.commit()
    database.close()


def status_of(server: Server) -> dict:
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))
    ticks = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return {"rss_mb": round(memory / 1024, 1), "cpu_seconds": (int(ticks[11]) + int(ticks[12])) / 100}


def wait_until_idle(server: Server, seconds_max: float) -> float:
    """Until a second goes by in which the server does next to nothing; the processor seconds it took."""
    start = before = status_of(server)["cpu_seconds"]
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        time.sleep(1)
        now = status_of(server)["cpu_seconds"]
        if now - before < 0.05:
            break
        before = now
    return round(before - start, 2)


async def traffic(server: Server, user, agents: list, seconds: float, pace: float) -> dict:
    """`agents`: (sweep, agent). Each takes a point, runs it and asks for the next; beside them one run is logged to."""
    end = time.monotonic() + seconds
    beats, streams, others, whys = [], [], [], []

    async def work(number: int, sweep: str, agent: str) -> None:
        rng = random.Random(number)
        async with Connection(server.port, user.key) as connection:
            while time.monotonic() < end:
                commands, taken = await connection.heartbeat(agent)
                beats.append(taken)
                for command in commands:
                    if command["type"] == "run":
                        whys.append(command["run_id"])
                        streams.extend(await finish(connection, user, sweep, command))
                await asyncio.sleep(pace * rng.uniform(0.5, 1.5))

    async def log() -> None:
        async with Connection(server.port, user.key) as connection:
            await connection.graphql(UPSERT_RUN, {"name": "ordinary", "project": PROJECT, "entity": user.name})
            line = 0
            while time.monotonic() < end:
                status, answer, taken = await connection.post(
                    f"/files/{user.name}/{PROJECT}/ordinary/file_stream",
                    {"files": {"wandb-history.jsonl": {"offset": line, "content": [json.dumps({"_step": line, "y": line})]}}})
                assert status == 200, answer
                others.append(taken)
                line += 1
                await asyncio.sleep(0.01)

    await asyncio.gather(log(), *(work(number, sweep, agent) for number, (sweep, agent) in enumerate(agents)))
    return {"heartbeats_ms": spread(beats), "run_requests_ms": spread(streams), "other_run_rows_ms": spread(others), "points": len(whys),
            "heartbeats_over_50_ms": sum(taken > 0.05 for taken in beats)}


def count_late(server: Server, user, sweeps: list, trials: int) -> dict:
    """How many of the points that were handed out did not rest on everything known."""
    late = older = points = 0
    for sweep in sweeps:
        found = server.graphql("query($e: String!, $p: String!, $s: String!) { project(name: $p, entityName: $e) { sweep(sweepName: $s) { points } } }",
                               {"e": user.name, "p": PROJECT, "s": sweep}, key=user.key)["project"]["sweep"]["points"]
        found = json.loads(found) if isinstance(found, str) else found
        for point in found[trials:]:
            points += 1
            late += "Sobol" in point["why"]
            older += "before the newest" in point["why"]
    return {"points": points, "of_an_older_state": older, "drawn": late}


async def long_sweep(server: Server, user, method: str, runs: int, measured: int) -> dict:
    """A sweep in which `runs` runs have finished, and what a heartbeat with the next point takes then."""
    if method == "grid":
        config = {"method": "grid", "program": "t.py", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {
            **{name: {"value": 0.5} for name in draw(random.Random(1))}, "kind": {"values": list("abc")}, "layers": {"values": list(range(12))},
            "seed": {"min": 1, "max": runs}}}
    else:
        config = sweep_config(method)
    data, empty = {}, []
    taken = 0

    async def agent_of(connection: Connection) -> str:
        answer, _ = await connection.graphql(CREATE_AGENT, {"host": "h", "sweep": data["sweep"], "entity": user.name, "project": PROJECT})
        return answer["createAgent"]["agent"]["id"]

    async def work() -> None:
        nonlocal taken
        async with Connection(server.port, user.key) as connection:
            agent = await agent_of(connection)
            while taken < runs:
                taken += 1
                commands, _ = await connection.heartbeat(agent)
                await finish(connection, user, data["sweep"], commands[0])

    async def measure(into: list) -> None:
        async with Connection(server.port, user.key) as connection:
            agent = await agent_of(connection)
            for _ in range(measured):
                commands, seconds = await connection.heartbeat(agent)
                into.append(seconds)
                await finish(connection, user, data["sweep"], commands[0])

    async with Connection(server.port, user.key) as connection:
        answer, _ = await connection.graphql(UPSERT_SWEEP, {"config": json.dumps(config), "entity": user.name, "project": PROJECT})
        data["sweep"] = answer["upsertSweep"]["sweep"]["name"]
    await measure(empty)
    started = time.monotonic()
    await asyncio.gather(*(work() for _ in range(16)))
    seconds = time.monotonic() - started
    full, four = [], []
    await measure(full)
    await asyncio.gather(*(measure(four) for _ in range(4)))
    return {"method": method, "runs": taken + 6 * measured, "runs_per_second": round(taken / seconds, 1), "heartbeat_at_0_runs_ms": spread(empty),
            f"heartbeat_at_{runs}_runs_ms": spread(full), f"heartbeat_at_{runs}_runs_4_agents_ms": spread(four)}


def measure_sync(folder: str) -> dict:
    """What the disk alone takes: appending a page and syncing it."""
    seconds = []
    with open(pathlib.Path(folder) / "probe", "wb") as probe:
        for _ in range(300):
            started = time.perf_counter()
            probe.write(b"x" * 4096)
            probe.flush()
            os.fdatasync(probe.fileno())
            seconds.append(time.perf_counter() - started)
    return spread(seconds)


def many_sweeps(options, result: dict) -> None:
    with tempfile.TemporaryDirectory(prefix="regatta-bench-") as folder:
        data = pathlib.Path(folder) / "data"
        with Server.start(data) as server:
            user = server.add_user()
            config = json.dumps(sweep_config(options.method))
            names = [server.graphql(UPSERT_SWEEP, {"config": config, "entity": user.name, "project": PROJECT}, key=user.key)["upsertSweep"]["sweep"]["name"]
                     for _ in range(options.sweeps)]
            asyncio.run(one_trial(server, user, names[0]))
        multiply(data, options.sweeps, options.trials)
        with Server.start(data) as server:
            result["rss_mb_before"] = status_of(server)["rss_mb"]
            agents = [(name, server.graphql(CREATE_AGENT, {"host": "h", "sweep": name, "entity": user.name, "project": PROJECT},
                                            key=user.key)["createAgent"]["agent"]["id"]) for name in names]
            result["rss_mb_opened"] = status_of(server)["rss_mb"]
            result["fit_cpu_seconds"] = wait_until_idle(server, options.fit_seconds)
            result["rss_mb_fitted"] = status_of(server)["rss_mb"]
            result.update(asyncio.run(traffic(server, user, agents[:options.busy], options.seconds, options.pace)))
            result["answers"] = count_late(server, user, names[:options.busy], options.trials)
            result["rss_mb_after"] = status_of(server)["rss_mb"]
            if options.crowd:
                sweep = server.graphql(UPSERT_SWEEP, {"config": json.dumps({"method": "grid", "program": "t.py", "parameters": {
                    "x": {"values": list(range(options.crowd))}}}), "entity": user.name, "project": PROJECT}, key=user.key)["upsertSweep"]["sweep"]["name"]
                seen = asyncio.run(register_and_take(server.port, user.key, user.name, PROJECT, sweep, options.crowd))
                points = [commands[0]["args"]["x"]["value"] for commands in seen["commands"]]
                assert sorted(points) == list(range(options.crowd)), "a point was handed out twice, or not at all"
                result["crowd"] = {"agents": options.crowd, "register_ms": spread(seen["register_seconds"]),
                                   "take_ms": spread(seen["take_seconds"]), "later_ms": spread(seen["later_seconds"])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--busy", type=int, default=8, help="sweeps with an agent that works")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between a run's end and its agent's next heartbeat")
    parser.add_argument("--fit-seconds", type=float, default=240, help="how long to wait for all models at first")
    parser.add_argument("--method", default="bayes")
    parser.add_argument("--crowd", type=int, default=1000, help="agents at one sweep at once; 0: none")
    parser.add_argument("--long", type=int, default=10_000, help="runs of one sweep before its heartbeats are measured; 0: none")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    result = {"method": options.method, "sweeps": options.sweeps, "trials": options.trials, "busy": options.busy, "pace": options.pace}
    if options.sweeps:
        many_sweeps(options, result)
    if options.long:
        with tempfile.TemporaryDirectory(prefix="regatta-bench-") as folder:
            result["disk_sync_ms"] = measure_sync(folder)
            with Server.start(pathlib.Path(folder) / "data") as server:
                user = server.add_user()
                result["long"] = [asyncio.run(long_sweep(server, user, method, options.long, 300)) for method in ("random", "grid")]
                result["long_rss_mb"] = status_of(server)["rss_mb"]
    result["load_average"] = subprocess.run(["cut", "-d ", "-f1", "/proc/loadavg"], capture_output=True, text=True).stdout.strip()
    print(json.dumps(result, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
