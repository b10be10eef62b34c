#!/usr/bin/env python3
"""The demo: a real sweep on a real server, with a machine lost in the middle.

    tools/demo.py [--binary build/release/regatta]

Starts the server on a temporary folder, creates examples/digits' sweep, works on it with two stock `wandb agent`
and two `regatta agent`, kills one of them, and shows that the point it had is run again. On a terminal the server
then stays until Ctrl-C. Exit status: 0 all was as it should be, 1 something was not (each thing is named).
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import venv as environments

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.client import descendants  # noqa: E402
from harness.server import Server, User  # noqa: E402

EXAMPLE = ROOT / "examples/digits"
PROJECT = "digits"
LEASE_SECONDS = 8  # far shorter than in real life, where nobody waits for a lost machine
SECONDS_MAX = 150
EPOCHS = 60
KILL_AFTER_FINISHED = 2
ENDED = ("finished", "failed", "crashed", "killed")

READ = """
query Demo($entity: String!, $project: String!, $sweep: String!) {
  viewer { username }
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) {
    state runs { edges { node { name displayName state config summaryMetrics historyLineCount } } } } } }"""


class Agent:
    """One agent process with a folder and a log of its own."""

    def __init__(self, name: str, command, folder: pathlib.Path, environment: dict):
        self.name = name
        folder.mkdir(parents=True)
        for source in ("train.py", "sweep.yaml"):
            shutil.copy(EXAMPLE / source, folder)
        self.log_path = folder / "agent.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True,
                                            env={**environment, "WANDB_DIR": str(folder)})

    def run_id(self):
        """The run whose process lives below this agent now, as the process itself was told."""
        for pid in descendants(self.process.pid)[1:]:
            try:
                environ = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            for entry in environ:
                if entry.startswith(b"WANDB_RUN_ID="):
                    return entry.split(b"=", 1)[1].decode()
        return None

    def kill(self) -> None:
        """SIGKILL for the agent and all below it, as when the machine's plug is pulled."""
        for pid in descendants(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


class Demo:
    def __init__(self, server: Server, folder: pathlib.Path, binary: pathlib.Path):
        self.server, self.folder, self.binary = server, folder, binary
        self.started = time.monotonic()
        self.problems = []
        self.shown = {}   # run -> state last printed
        self.killed = None  # (agent, run id, parameters)
        self.user = User(server.graphql("query Viewer { viewer { entity } }", key=server.admin_key)["viewer"]["entity"],
                         server.admin_key)
        self.bin = environments.ensure("demo") / "bin"
        self.environment = {
            "PATH": f"{self.bin}:{os.environ.get('PATH', '/usr/local/bin:/usr/bin:/bin')}", "HOME": str(folder),
            "WANDB_BASE_URL": server.url, "WANDB_API_KEY": server.admin_key, "WANDB_ERROR_REPORTING": "false",
            "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
        }

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:5.1f} s  {text}", flush=True)

    def check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def create_sweep(self) -> str:
        done = subprocess.run([self.bin / "wandb", "sweep", "--project", PROJECT, "sweep.yaml"], cwd=EXAMPLE, text=True,
                              env={**self.environment, "WANDB_DIR": str(self.folder)}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)
        found = re.search(r"wandb agent (\S+)", done.stdout + done.stderr)
        if not found:
            raise RuntimeError(f"`wandb sweep` made no sweep:\n{done.stdout}{done.stderr}")
        return found.group(1)

    def start_agents(self, sweep: str, agents: list) -> None:
        """Adds each to `agents` as soon as it is there, so that whatever happens they can be ended."""
        stock, native = [self.bin / "wandb", "agent", sweep], [self.binary, "agent", sweep]
        for name, command in (("wandb agent 1", stock), ("regatta agent 1", native), ("wandb agent 2", stock), ("regatta agent 2", native)):
            agents.append(Agent(name, command, self.folder / name.replace(" ", "-"), self.environment))

    def read(self, sweep: str):
        """The sweep's state and its runs, oldest first."""
        variables = {"entity": self.user.name, "project": PROJECT, "sweep": sweep.rsplit("/", 1)[1]}
        found = self.server.graphql(READ, variables, key=self.user.key)["project"]["sweep"]
        runs = [edge["node"] for edge in found["runs"]["edges"]]
        for run in runs:
            config = json.loads(run["config"] or "{}")
            run["point"] = tuple(config.get(name, {}).get("value") for name in ("learning_rate", "optimizer"))
            run["summary"] = json.loads(run["summaryMetrics"] or "{}")
        return found["state"], runs

    def show_changes(self, runs) -> None:
        for run in runs:
            if self.shown.get(run["name"]) == run["state"]:
                continue
            self.shown[run["name"]] = run["state"]
            loss = run["summary"].get("val_loss")
            result = f"val_loss {loss:.4f}" if isinstance(loss, float) and run["state"] in ENDED else ""
            rate, optimizer = run["point"]
            if rate is not None:
                self.say(f"{run['displayName'] or run['name']:24s} {run['state']:9s} learning_rate {rate:.5f} {optimizer:4s} {result}")

    def kill_one(self, agents, runs) -> None:
        """Once some runs have finished: kills a stock agent that has a run in the middle."""
        running = {run["name"]: run for run in runs if run["state"] == "running"}
        if self.killed or sum(run["state"] == "finished" for run in runs) < KILL_AFTER_FINISHED:
            return
        for agent in agents:
            run_id = agent.run_id()
            if run_id in running and not agent.name.startswith("regatta"):
                agent.kill()
                self.killed = (agent, run_id, running[run_id]["point"])
                self.say(f"*** killed {agent.name} with SIGKILL in the middle of {running[run_id]['displayName']}: "
                         "its point will be handed out again")
                return

    def work(self, sweep: str, agents):
        """Until the sweep has ended and the agents have left."""
        while True:
            state, runs = self.read(sweep)
            self.show_changes(runs)
            self.kill_one(agents, runs)
            if all(agent.process.poll() is not None for agent in agents):
                state, runs = self.read(sweep)
                self.show_changes(runs)
                return state, runs
            if time.monotonic() - self.started > SECONDS_MAX:
                self.problems.append(f"the sweep did not end within {SECONDS_MAX} s")
                for agent in agents:
                    if agent.process.poll() is None:
                        agent.kill()
                return state, runs
            time.sleep(0.25)

    def judge(self, state: str, runs, agents) -> None:
        run_cap = int(re.search(r"^run_cap: (\d+)$", (EXAMPLE / "sweep.yaml").read_text(), re.M).group(1))
        finished = [run for run in runs if run["state"] == "finished"]
        points = [run["point"] for run in finished]
        self.check(state == "FINISHED", f"the sweep is {state}, not FINISHED")
        self.check(len(finished) == run_cap, f"{len(finished)} runs finished, run_cap is {run_cap}")
        self.check(len(set(points)) == len(points), "a point was counted twice")
        self.check(all(run["historyLineCount"] == EPOCHS for run in finished), f"a finished run has not all of its {EPOCHS} rows")
        self.check(self.killed is not None, "no agent was killed: none had a run in the middle")
        if self.killed:
            _, run_id, point = self.killed
            rerun = [run for run in finished if run["point"] == point]
            self.check(len(rerun) == 1, f"the killed point {point} finished {len(rerun)} times, not once")
            lost = [run["name"] for run in runs if run["state"] not in ("finished",)]
            self.check(set(lost) <= {run_id}, f"these runs did not finish: {lost}")
            if rerun:
                self.say(f"the killed point was run again as {rerun[0]['displayName']}, and finished")
        for agent in agents:
            if not self.killed or agent is not self.killed[0]:
                self.check(agent.process.returncode == 0, f"{agent.name} ended with {agent.process.returncode}:\n"
                           + agent.log_path.read_text(errors="replace")[-3000:])

    def print_result(self, sweep: str, runs) -> None:
        def loss_of(run):
            loss = run["summary"].get("val_loss")
            return loss if isinstance(loss, float) else float("inf")

        print(f"\n  {'run':26s} {'state':9s} {'learning_rate':>13s}  {'optimizer':9s} {'val_loss':>9s} {'val_accuracy':>12s}")
        for run in sorted(runs, key=loss_of):
            rate, optimizer = run["point"]
            accuracy = run["summary"].get("val_accuracy")
            loss = f"{loss_of(run):.4f}" if loss_of(run) != float("inf") else "-"
            print(f"  {run['displayName'] or run['name']:26s} {run['state']:9s} {rate if rate is not None else 0:13.5f}  "
                  f"{optimizer or '':9s} {loss:>9s} {f'{accuracy:.3f}' if accuracy is not None else '-':>12s}")
        best = min((run for run in runs if run["state"] == "finished"), key=loss_of, default=None)
        if best:
            print(f"\n  best: learning_rate {best['point'][0]:.5f} with {best['point'][1]}, val_loss {loss_of(best):.4f}")
        entity, project, name = sweep.split("/")
        print(f"  page: {self.server.url}/{entity}/{project}/sweeps/{name}", flush=True)
        if not sys.stdout.isatty():
            print("  (on a terminal the server would go on now, for you to look at it)", flush=True)
            return
        print("\n  for your own code:\n"
              f"    export WANDB_BASE_URL={self.server.url}\n"
              f"    export WANDB_API_KEY=$(cat {self.server.data}/api-key)\n"
              "    python your_training.py            # anything that logs with wandb\n", flush=True)


def serve_until_interrupted(server: Server) -> None:
    print("  The server goes on until Ctrl-C; its data are removed then.", flush=True)
    try:
        server.process.wait()
    except KeyboardInterrupt:
        print()


def raise_interrupt(*_) -> None:
    raise KeyboardInterrupt


def main() -> int:
    # The agents and the server are in sessions of their own: whatever ends the demo has to end them.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, raise_interrupt)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/regatta")
    binary = parser.parse_args().binary.resolve()
    if not binary.exists():
        print(f"demo: {binary} is missing: run `make build`", file=sys.stderr)
        return 1
    import harness.server
    harness.server.BINARY = binary
    folder = pathlib.Path(tempfile.mkdtemp(prefix="regatta-demo-"))
    agents = []
    try:
        environments.ensure("demo")
        with Server.start(folder / "data", "--lease-seconds", str(LEASE_SECONDS)) as server:
            demo = Demo(server, folder, binary)
            demo.say(f"server ready at {server.url}, data in {server.data}")
            sweep = demo.create_sweep()
            demo.say(f"sweep {sweep} created by `wandb sweep sweep.yaml`; starting four agents")
            demo.start_agents(sweep, agents)
            state, runs = demo.work(sweep, agents)
            demo.judge(state, runs, agents)
            demo.print_result(sweep, runs)
            for problem in demo.problems:
                print(f"demo: NOT as it should be: {problem}", file=sys.stderr)
            if not demo.problems and sys.stdout.isatty():
                serve_until_interrupted(server)
            return 1 if demo.problems else 0
    except (RuntimeError, AssertionError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130
    finally:
        for agent in agents:
            if agent.process.poll() is None:
                agent.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
