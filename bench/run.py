#!/usr/bin/env python3
"""Measure the running server beside its peers: durable ingest, small requests, latency, start, memory.

    bench/run.py [--seconds S] [--only regatta|openwandb|mlflow] [--load PATH] [--json FILE]

Every server runs here, one at a time, on loopback and on the same file system, with its shipped settings. Rows come
from ingest_load (bench/ingest): random order of keys, NaN, sparse rows. After each test of Regatta every answered row
is read back and compared; of MLflow the stored values are counted, of OpenWandb nothing. Processor time is the
server's own, from /proc/PID/task/*/schedstat, so that it means something on a busy machine, too.
"""
import argparse
import base64
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import venv as environments  # noqa: E402  (tools/venv.py)

UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity}) { bucket { id } } }"""


# --- one server as a process ------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server and everything it starts."""

    def __init__(self, command, port: int, folder: pathlib.Path, path: str, env=None):
        self.port = port
        self.log = folder / f"server-{port}.log"
        started = time.monotonic()
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            cwd=folder, env={**os.environ, **(env or {})}, start_new_session=True)
        try:
            while not self.answers(path):
                if self.process.poll() is not None or time.monotonic() - started > 180:
                    raise RuntimeError(f"{command[0]} does not serve:\n{self.log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.002)
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - started

    def answers(self, path: str) -> bool:
        try:
            return self.ask("GET", path)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method: str, path: str, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body),
                               headers={"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pids(self) -> list:
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                    queue += [int(child) for child in children.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(task.read_text().split()[0])
        return total / 1e9

    def rss_mb(self) -> float:
        pages = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    pages += int(line.split()[1])
        return pages / 1024

    def stop(self) -> None:
        """Asks the server to end, and ends what it left behind in its group."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class WandbServer:
    """What Regatta and OpenWandb have in common: the wire."""

    def create_runs(self, project: str, count: int) -> None:
        for i in range(count):
            variables = {"name": f"{project}-{i}", "project": project, "entity": self.entity}
            status, answer = self.process.ask("POST", "/graphql", {"query": UPSERT, "variables": variables},
                                              {"Authorization": self.authorization})
            if status != 200 or b'"errors":[{' in answer:
                raise RuntimeError(f"{self.name}: creating a run: {status} {answer[:500]}")


class Regatta(WandbServer):
    name = "regatta"
    durability = "committed and synced (WAL, synchronous=FULL)"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.binary = pathlib.Path(os.environ.get("REGATTA_BINARY", ROOT / "build/release/regatta"))
        self.version = subprocess.run([self.binary, "--version"], capture_output=True, text=True).stdout.strip()

    def start(self) -> None:
        port = free_port()
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data", self.folder / "data"]
        self.process = Process(command, port, self.folder, "/ready")
        key = (self.folder / "data/api-key").read_text().strip()
        self.authorization = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()
        self.entity = "admin"

    verifies = True


class OpenWandb(WandbServer):
    name = "openwandb"
    durability = "its own: SQLite in WAL mode"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.venv = environments.ensure("bench-openwandb")
        self.version = "openwandb " + installed_version(self.venv, "openwandb")

    def start(self) -> None:
        port = free_port()
        command = [self.venv / "bin/openwandb", "serve", "--host", "127.0.0.1", "-p", port, "--data-dir", self.folder / "data",
                   "--log-level", "warning"]
        self.process = Process(command, port, self.folder, "/login", {"OPENWANDB_ADMIN_USER": "admin", "OPENWANDB_ADMIN_PASS": "admin123"})
        status, answer = self.process.ask("POST", "/api/v2/auth/login", {"username": "admin", "password": "admin123"})
        found = json.loads(answer)
        if status != 200:
            raise RuntimeError(f"openwandb: login: {status} {answer[:300]}")
        self.authorization = "Bearer " + (found.get("token") or found.get("access_token") or found["data"]["token"])
        self.entity = "admin"

    verifies = False


def installed_version(venv: pathlib.Path, package: str) -> str:
    for found in venv.glob(f"lib/python*/site-packages/{package}-*.dist-info"):
        return found.name.split("-")[1].removesuffix(".dist")
    return "?"


# --- loads ------------------------------------------------------------------------------------------------------


def stream(server: WandbServer, load: pathlib.Path, project: str, *, connections: int, rows: int, seconds: float) -> dict:
    """One load test; the answer of ingest_load and the server's processor time."""
    server.create_runs(project, connections)
    command = [load, "--port", server.process.port, "--authorization", server.authorization, "--entity", server.entity,
               "--project", project, "--connections", connections, "--rows", rows, "--keys", 22, "--seconds", seconds,
               "--verify", int(server.verifies)]
    before = server.process.cpu_seconds()
    client = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if client.stdout.readline() != "streamed\n":
        raise RuntimeError(f"{server.name}: the load client failed ({client.wait()})")
    cpu = server.process.cpu_seconds() - before
    output, _ = client.communicate("\n")
    if client.returncode != 0:
        raise RuntimeError(f"{server.name}: {project}: what was read back is not what was stored")
    found = json.loads(output)
    found["server_cpu_s"] = cpu
    found["values_per_request"] = found["values"] / max(1, found["requests"])
    found["values_per_cpu_s"] = found["values"] / cpu
    found["values_per_s"] = found["values"] / found["seconds"]
    found["requests_per_s"] = found["requests"] / found["seconds"]
    found["requests_per_cpu_s"] = found["requests"] / cpu
    return found


def measure_wandb(server: WandbServer, load: pathlib.Path, seconds: float) -> dict:
    found = {"version": server.version, "durability": server.durability}
    server.start()
    try:
        found["start_s_empty"] = server.process.start_seconds
        time.sleep(1)
        found["idle_rss_mb"] = server.process.rss_mb()
        found["bulk"] = stream(server, load, "bulk", connections=8, rows=150, seconds=seconds)
        found["small"] = stream(server, load, "small", connections=128, rows=1, seconds=seconds)
        found["lone"] = stream(server, load, "lone", connections=1, rows=1, seconds=seconds)
        time.sleep(6)
        found["rss_mb_after"] = server.process.rss_mb()
    finally:
        server.process.stop()
    if server.name == "regatta":
        found.update(measure_start(server))
    return found


def measure_start(server: Regatta, runs: int = 10_000) -> dict:
    """The time from exec to the first 200 of /ready, with many runs in the folder."""
    server.start()
    server.create_runs("many", runs)
    server.process.stop()
    starts, idle = [], []
    for _ in range(5):
        server.start()
        starts.append(server.process.start_seconds)
        time.sleep(1)
        idle.append(server.process.rss_mb())
        server.process.stop()
    return {"start_s_10000_runs": statistics.median(starts), "idle_rss_mb_10000_runs": statistics.median(idle)}


class MLflow:
    """Speaks its own REST interface: log-batch takes at most 1,000 metrics, so 50 rows of 20 values."""
    name = "mlflow"
    durability = "its own: SQLite through SQLAlchemy"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.venv = environments.ensure("bench-mlflow")
        self.version = "mlflow " + installed_version(self.venv, "mlflow")

    def start(self) -> None:
        port = free_port()
        command = [self.venv / "bin/mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "2",
                   "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db", "--default-artifact-root", self.folder / "artifacts"]
        self.process = Process(command, port, self.folder, "/health", {"MLFLOW_DISABLE_TELEMETRY": "true"})

    def run_id(self) -> str:
        status, answer = self.process.ask("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 1})
        if status != 200:
            raise RuntimeError(f"mlflow: {status} {answer[:300]}")
        return json.loads(answer)["run"]["info"]["run_id"]

    def log(self, rows: int, keys: int, seconds: float) -> dict:
        rng = random.Random(1)
        run, latencies, values, step = self.run_id(), [], 0, 0
        before, started = self.process.cpu_seconds(), time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.process.port, timeout=120)
        while time.monotonic() - started < seconds:
            metrics = [{"key": f"metric_{k}", "value": rng.random(), "timestamp": 1, "step": step + i} for i in range(rows) for k in range(keys)]
            body = json.dumps({"run_id": run, "metrics": metrics})
            sent = time.monotonic()
            connection.request("POST", "/api/2.0/mlflow/runs/log-batch", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"mlflow: log-batch: {answer.status} {text[:300]}")
            latencies.append(time.monotonic() - sent)
            values += len(metrics)
            step += rows
        took, cpu = time.monotonic() - started, self.process.cpu_seconds() - before
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/mlflow.db?mode=ro", uri=True)) as database:
            stored = database.execute("SELECT count(*) FROM metrics WHERE run_uuid = ?", (run,)).fetchone()[0]
        if stored != values:
            raise RuntimeError(f"mlflow: {values} values were answered, {stored} are stored")
        return {"requests": len(latencies), "values": values, "seconds": took, "server_cpu_s": cpu,
                "values_per_s": values / took, "values_per_cpu_s": values / cpu, "requests_per_s": len(latencies) / took,
                "requests_per_cpu_s": len(latencies) / cpu, "p50_us": statistics.median(latencies) * 1e6}

    def measure(self, _load: pathlib.Path, seconds: float) -> dict:
        self.start()
        try:
            found = {"version": self.version, "durability": self.durability, "start_s_empty": self.process.start_seconds}
            time.sleep(1)
            found["idle_rss_mb"] = self.process.rss_mb()
            found["bulk"] = self.log(50, 20, seconds)
            found["lone"] = self.log(1, 20, seconds)
        finally:
            self.process.stop()
        return found


# --- telling ----------------------------------------------------------------------------------------------------


def show(name: str, found: dict) -> None:
    print(f"\n{name}: {found['version']} ({found['durability']})")
    for test, title in (("bulk", "150 rows x 20 values"), ("small", "1 row, 128 connections"), ("lone", "1 row, 1 connection")):
        if test in found:
            one = found[test]
            print(f"  {title:24s} {one['requests_per_s']:10,.0f} requests/s {one['values_per_s']:12,.0f} values/s   per server CPU second: "
                  f"{one['requests_per_cpu_s']:9,.0f} requests {one['values_per_cpu_s']:12,.0f} values   p50 {one['p50_us'] / 1000:.2f} ms"
                  + (f"   {one['rows_verified']:,} rows read back" if one.get("rows_verified") else ""))
    for key, title, unit in (("start_s_empty", "start, empty folder", "s"), ("start_s_10000_runs", "start, 10,000 runs", "s"),
                             ("idle_rss_mb", "idle memory, empty", "MB"), ("idle_rss_mb_10000_runs", "idle memory, 10,000 runs", "MB"),
                             ("rss_mb_after", "memory after the load", "MB")):
        if key in found:
            print(f"  {title:24s} {found[key]:10.2f} {unit}")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", action="append", choices=["regatta", "openwandb", "mlflow"])
    parser.add_argument("--load", type=pathlib.Path, default=ROOT / "build/release/bench/ingest/ingest_load")
    parser.add_argument("--json", type=pathlib.Path, help="write every figure here, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    load_average = os.getloadavg()[0]
    print(f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
          f"load average at the start {load_average:.1f}")
    results = {"load_average": load_average, "cores": os.cpu_count()}
    failed = []
    for name, kind in (("regatta", Regatta), ("openwandb", OpenWandb), ("mlflow", MLflow)):
        if options.only and name not in options.only:
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="regatta-bench-"))
        try:
            server = kind(folder)
            found = server.measure(options.load, options.seconds) if kind is MLflow else measure_wandb(server, options.load, options.seconds)
            results[name] = found
            show(name, found)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            failed.append(name)
            print(f"\n{name}: not measured: {error}", file=sys.stderr)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if "regatta" in failed else 0


if __name__ == "__main__":
    sys.exit(main())
