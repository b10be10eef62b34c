"""`regatta agent` against the real server, with programs that need no client: what it starts, what it records, how it
ends, and that a point survives whatever happens to its agent."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from harness.client import descendants
from harness.server import BINARY, Server
from test_cli import Person

DONE, BRAKE, NO_SWEEP, CREDENTIALS, UNREACHABLE = 0, 3, 4, 5, 75
SECONDS_MAX = 60

# What a run with the wandb client does, as far as the server sees it: begins, logs, ends.
LOGS = textwrap.dedent("""
    import base64, json, os, sys, urllib.request

    def post(path, body):
        request = urllib.request.Request(os.environ["WANDB_BASE_URL"] + path, json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        key = "api:" + os.environ["WANDB_API_KEY"]
        request.add_header("Authorization", "Basic " + base64.b64encode(key.encode()).decode())
        return json.load(urllib.request.urlopen(request, timeout=30))

    config = {name: {"value": json.loads(value)} for name, value in (item[2:].split("=", 1) for item in sys.argv[1:])}
    entity, project, run = (os.environ["WANDB_" + name] for name in ("ENTITY", "PROJECT", "RUN_ID"))

    def begin():
        post("/graphql", {"query": "mutation U($n: String, $p: String, $e: String, $s: String, $c: JSONString) { upsertBucket(input: "
             "{name: $n, modelName: $p, entityName: $e, sweep: $s, config: $c}) { bucket { id } } }",
             "variables": {"n": run, "p": project, "e": entity, "s": os.environ["WANDB_SWEEP_ID"], "c": json.dumps({**config, "_wandb": {"value": {"t": {}}}})}})

    def log(step, loss, **end):
        return post(f"/files/{entity}/{project}/{run}/file_stream", {"files": {"wandb-history.jsonl":
            {"offset": step, "content": [json.dumps({"_step": step, "loss": loss})]},
            "wandb-summary.json": {"offset": 0, "content": [json.dumps({"_step": step, "loss": loss})]}}, **end})
""")


@pytest.fixture
def person(server, user, tmp_path):
    return Person(tmp_path, server, user)


class Site:
    """A person with sweeps, programs and agents in a folder of their own."""

    def __init__(self, person: Person, folder: pathlib.Path):
        self.person, self.folder = person, folder
        self.agents = []

    def program(self, text: str, name: str = "train.py") -> None:
        (self.folder / name).write_text(LOGS + textwrap.dedent(text))

    def sweep(self, values, **more) -> str:
        config = {"method": "grid", "program": "train.py", "command": [sys.executable, "${program}", "${args}"],
                  "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"x": {"values": list(values)}}, **more}
        return self.person.json("sweep", "create", "-", "-p", "agents", stdin=json.dumps(config))["path"]

    def start(self, sweep: str, *arguments, **environment) -> subprocess.Popen:
        log = open(self.folder / f"agent{len(self.agents)}.log", "wb")
        process = subprocess.Popen([BINARY, "agent", sweep, "--dir", str(self.folder), *arguments], cwd=self.folder,
                                   env={**self.person.environment, **environment}, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        self.agents.append(process)
        return process

    def run(self, sweep: str, *arguments, expect: int = DONE, **environment) -> str:
        """An agent from its beginning to its end; what it printed."""
        process = self.start(sweep, *arguments, **environment)
        assert self.wait(process) == expect, self.output(process)
        return self.output(process)

    def wait(self, process) -> int:
        return process.wait(timeout=SECONDS_MAX)

    def output(self, process) -> str:
        return (self.folder / f"agent{self.agents.index(process)}.log").read_text(errors="replace")

    def show(self, sweep: str) -> dict:
        return self.person.json("sweep", "show", sweep)

    def until(self, condition, what: str):
        """What `condition` answers, once that is true."""
        end = time.monotonic() + SECONDS_MAX
        while not (found := condition()):
            assert time.monotonic() < end, f"{what} did not happen:\n" + "\n".join(self.output(one) for one in self.agents)
            time.sleep(0.05)
        return found

    def running(self, sweep: str, count: int = 1) -> list:
        def found():
            runs = [run for run in self.show(sweep)["runs"] if run["state"] == "running"]
            return runs if len(runs) >= count else None
        return self.until(found, f"{count} running runs")


@pytest.fixture
def site(person, tmp_path):
    made = Site(person, tmp_path)
    yield made
    for process in made.agents:
        if process.poll() is None:
            for pid in descendants(process.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.wait()


@pytest.fixture
def short_leases(tmp_path):
    """A server of its own, whose leases are over soon, and a person there."""
    with Server.start(tmp_path / "data", "--lease-seconds", "5") as server:
        home = tmp_path / "home"
        home.mkdir()
        yield server, Site(Person(home, server, server.add_user()), home)


@pytest.mark.skipif("REGATTA_UNDER_SANITIZER" in os.environ, reason="the sanitizers' runtimes need the loader")
def test_it_is_static():
    agent = BINARY.with_name("regatta-agent")
    header = subprocess.run(["readelf", "--program-headers", "--dynamic", agent], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in header and "NEEDED" not in header
    assert agent.stat().st_size < 10e6


# --- what it runs ---

def test_each_point_runs_once_on_several_slots(site):
    site.program("begin(); log(0, float(sys.argv[1].split('=')[1]), complete=True, exitcode=0)\n"
                 "open(run + '.seen', 'w').write(sys.argv[1])\n")
    sweep = site.sweep(range(7))
    site.run(sweep, "--slots", "3")
    shown = site.show(sweep)
    assert shown["state"] == "FINISHED"
    assert sorted(run["parameters"]["x"] for run in shown["runs"]) == list(range(7))
    assert {run["state"] for run in shown["runs"]} == {"finished"}
    assert sorted(path.read_text() for path in site.folder.glob("*.seen")) == [f"--x={x}" for x in range(7)]
    assert shown["best"]["value"] == 0
    assert "nothing to do" in site.run(sweep), "a complete sweep is no failure"


def test_count_ends_the_agent_and_not_the_sweep(site):
    site.program("begin(); log(0, 1.0, complete=True, exitcode=0)\n")
    sweep = site.sweep(range(5))
    site.run(sweep, "--count", "2")
    shown = site.show(sweep)
    assert shown["state"] == "RUNNING" and len(shown["runs"]) == 2


def test_gpus_are_shared_out(site):
    site.program("open(run + '.gpus', 'w').write(os.environ['CUDA_VISIBLE_DEVICES'])\nbegin(); log(0, 1.0, complete=True, exitcode=0)\n")
    sweep = site.sweep(range(4))
    site.run(sweep, "--slots", "gpu:2", CUDA_VISIBLE_DEVICES="4,5,6,7,9")
    seen = {path.read_text() for path in site.folder.glob("*.gpus")}
    assert seen and seen <= {"4,5", "6,7"}


def test_a_program_that_never_called_init_is_recorded_with_its_last_words(site):
    (site.folder / "train.py").write_text("import sys\nprint('reading the data')\nsys.exit('no such file: data.csv')\n")
    sweep = site.sweep([1], regatta={"retry": {"failed": 0}})
    site.run(sweep)
    run = site.show(sweep)["runs"][0]
    assert run["state"] == "failed"
    path = sweep.rsplit("/", 1)[0] + "/" + run["name"]
    logs = site.person.regatta("run", "logs", path).stdout
    assert "reading the data" in logs and "no such file: data.csv" in logs
    text = site.person.regatta("run", "show", path).stdout
    assert "exit code 1" in text


# --- machines that fail ---

def test_a_killed_machines_point_is_run_again_once(short_leases):
    _, site = short_leases
    site.program("import time\nbegin(); log(0, 1.0)\n"
                 "while not os.path.exists('go'): time.sleep(0.05)\nlog(1, 0.5, complete=True, exitcode=0)\n")
    sweep = site.sweep([1])
    first = site.start(sweep)
    lost = site.running(sweep)[0]
    for pid in descendants(first.pid):
        os.kill(pid, signal.SIGKILL)
    (site.folder / "go").touch()
    site.run(sweep)
    shown = site.show(sweep)
    assert shown["state"] == "FINISHED" and shown["runCount"] == 2
    states = {run["name"]: run["state"] for run in shown["runs"]}
    assert states.pop(lost["name"]) == "crashed" and list(states.values()) == ["finished"]
    assert {run["parameters"]["x"] for run in shown["runs"]} == {1}


def test_without_the_server_the_runs_end_before_their_lease(short_leases):
    server, site = short_leases
    site.program("import time\nbegin(); log(0, 1.0)\ntime.sleep(600)\n")
    sweep = site.sweep([1])
    agent = site.start(sweep)
    site.running(sweep)
    child = descendants(agent.pid)[1:]
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        assert site.wait(agent) == UNREACHABLE
        alive = [pid for pid in child if pathlib.Path(f"/proc/{pid}").exists()]
        assert not alive
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    (site.folder / "train.py").write_text(LOGS + "begin(); log(0, 1.0, complete=True, exitcode=0)\n")
    site.run(sweep)
    assert site.show(sweep)["state"] == "FINISHED"


def test_a_sweep_is_found_by_its_id_alone(site):
    site.program("begin(); log(0, 1.0, complete=True, exitcode=0)\n")
    sweep = site.sweep([1]).rsplit("/", 1)[1]
    site.run(sweep)
    assert site.show(sweep)["state"] == "FINISHED"
    assert 'no sweep "nothing1" in the projects of' in site.run("nothing1", expect=NO_SWEEP)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_machine_that_is_taken_back_hands_its_run_over(site, number):
    site.program("import signal, time\n"
                 "def end(*_): open('told', 'w').write('yes'); sys.exit(1)\n"
                 "signal.signal(signal.SIGTERM, end)\n"
                 "begin()\nif os.path.exists('told'): log(1, 0.5, complete=True, exitcode=0); sys.exit(0)\n"
                 "log(0, 1.0); time.sleep(600)\n")
    sweep = site.sweep([1])
    agent = site.start(sweep)
    name = site.running(sweep)[0]["name"]
    agent.send_signal(number)
    assert site.wait(agent) == 128 + number
    assert (site.folder / "told").exists(), "the program was told"
    assert site.show(sweep)["runs"][0]["state"] == "preempted"
    site.run(sweep)
    shown = site.show(sweep)
    assert [run["name"] for run in shown["runs"]] == [name], "it is resumed, not begun again"
    assert shown["state"] == "FINISHED" and shown["runs"][0]["rows"] == 2


def test_a_machine_that_is_taken_back_before_the_run_has_begun_hands_it_over(site):
    """The program needs longer to end than a heartbeat takes, so its end is told twice: in a heartbeat and for the run."""
    site.program("import signal, time\n"
                 "def end(*_): time.sleep(1); sys.exit(1)\n"
                 "if os.path.exists('loading'): begin(); log(0, 0.5, complete=True, exitcode=0); sys.exit(0)\n"
                 "signal.signal(signal.SIGTERM, end); open('loading', 'w').write('yes'); time.sleep(600)\n")
    sweep = site.sweep([1])
    agent = site.start(sweep)
    site.until(lambda: (site.folder / "loading").exists(), "the program")
    agent.send_signal(signal.SIGTERM)
    assert site.wait(agent) == 128 + signal.SIGTERM
    shown = site.person.json("sweep", "show", "--why", sweep)
    assert shown["runs"][0]["state"] == "preempted" and shown["state"] == "RUNNING"
    assert "taken away" in shown["runs"][0]["why"]
    site.run(sweep)
    shown = site.person.json("sweep", "show", "--why", sweep)
    assert shown["state"] == "FINISHED" and [run["state"] for run in shown["runs"]] == ["finished"]
    assert "taken away" not in shown["runs"][0]["why"]


def test_a_bad_machine_burns_no_sweep(site):
    site.program("if os.environ.get('BROKEN'): sys.exit('no GPU here')\nbegin(); log(0, 1.0, complete=True, exitcode=0)\n")
    sweep = site.sweep(range(6), regatta={"retry": {"failed": 0}})
    told = site.run(sweep, BROKEN="1", WANDB_AGENT_DISABLE_FLAPPING="true", expect=BRAKE)
    shown = site.show(sweep)
    bad = shown["agents"][0]
    assert bad["why"] in told
    assert bad["state"] == "QUARANTINED" and "in a row" in bad["why"]
    assert shown["state"] == "RUNNING"
    site.run(sweep)
    shown = site.show(sweep)
    finished = [run["parameters"]["x"] for run in shown["runs"] if run["state"] == "finished"]
    assert shown["state"] == "FINISHED" and sorted(finished) == list(range(6)), "its points went back"


def test_a_brake_ends_an_agent_whose_runs_all_fail(site):
    site.program("begin(); sys.exit(2)\n")
    sweep = site.sweep(range(20), regatta={"retry": {"failed": 5}})
    site.run(sweep, expect=BRAKE)


# --- people ---

def test_a_person_stops_a_sweep_and_cancels_another(site):
    site.program("import time\nbegin(); log(0, 1.0)\n"
                 "while not os.path.exists('go'): time.sleep(0.05)\nlog(1, 0.5, complete=True, exitcode=0)\n")
    stopped = site.sweep(range(3))
    agent = site.start(stopped)
    site.running(stopped)
    site.person.regatta("sweep", "stop", stopped)
    (site.folder / "go").touch()
    assert site.wait(agent) == DONE
    assert [run["state"] for run in site.show(stopped)["runs"]] == ["finished"], "what runs may end"

    (site.folder / "go").unlink()
    canceled = site.sweep(range(3))
    agent = site.start(canceled, "--kill-delay", "1")
    site.running(canceled)
    site.person.regatta("sweep", "cancel", canceled, "--yes")
    assert site.wait(agent) == DONE
    shown = site.show(canceled)
    assert shown["state"] == "CANCELED" and [run["state"] for run in shown["runs"]] == ["killed"]


def test_the_exit_code_says_what_is_wrong(site, server):
    assert "nothing1" in site.run(f"{site.person.user.name}/agents/nothing1", expect=NO_SWEEP)
    sweep = site.sweep([1])
    site.run(sweep, expect=CREDENTIALS, WANDB_API_KEY="w" * 40)
    site.run(sweep, "--lease", "1", expect=UNREACHABLE, WANDB_BASE_URL="http://127.0.0.1:1")
    assert not re.search("w" * 40, "".join(site.output(one) for one in site.agents))
