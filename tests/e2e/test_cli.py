"""The person's commands against the real server: what they print, what they change, and how they end."""
import json
import os
import re
import subprocess

import pytest

from harness.server import BINARY, ROOT

OK, FAILURE, USAGE, NOT_FOUND, UNAUTHENTICATED, UNAVAILABLE = 0, 1, 2, 4, 5, 75

SWEEP = """
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.01]}
  depth: {value: 3}
program: train.py
"""


class Person:
    """Somebody at a shell: a home folder, a server, a key."""

    def __init__(self, home, server=None, user=None, **variables):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("WANDB_", "REGATTA_", "XDG_")) and name not in ("NETRC", "NO_COLOR", "CLICOLOR_FORCE")}
        self.environment = {**kept, "HOME": str(home), **variables}
        self.user = user
        if server is not None:
            self.environment["WANDB_BASE_URL"] = server.url
        if user is not None:
            self.environment["WANDB_API_KEY"] = user.key

    def regatta(self, *arguments, expect=OK, stdin=None, seconds_max=60):
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds_max,
                              env=self.environment, input=stdin or "")
        assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        if self.user is not None:
            assert self.user.key not in done.stdout + done.stderr
        return done

    def json(self, *arguments, **options):
        return json.loads(self.regatta(*arguments, "--json", **options).stdout)


@pytest.fixture
def person(server, user, tmp_path):
    return Person(tmp_path, server, user)


@pytest.fixture
def run(server, user):
    """A run with a config, 3 rows, 2 lines of console output, and its end."""
    server.create_run(user, "p", "r1", config=json.dumps({"lr": {"value": 0.1}, "net": {"value": {"depth": 3}}}))
    rows = [json.dumps({"_step": i, "loss": 1 / (i + 1), "acc": i * 10}) for i in range(3)]
    body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": rows},
                      "output.log": {"offset": 0, "content": ["2026-01-01T00:00:00.000000 hello\n", "2026-01-01T00:00:01.000000 world\n"]},
                      "wandb-summary.json": {"offset": 0, "content": [json.dumps({"loss": 0.25, "_step": 2})]}},
            "complete": True, "exitcode": 0}
    assert server.file_stream(user, "p", "r1", body).status == 200
    return "r1"


# --- without a server ---

def test_help_tells_the_exit_codes():
    text = subprocess.run([BINARY, "--help"], capture_output=True, text=True).stdout
    assert "Exit codes" in text and "75" in text
    for command in ("login", "status", "run", "sweep", "watch", "search", "completion"):
        assert command in text


@pytest.mark.parametrize("arguments", [(), ("run",), ("run", "show"), ("sweep", "create"), ("sweep", "pauze", "x"), ("watch",),
                                       ("run", "ls", "p", "--limit", "0"), ("run", "ls", "p", "--filter", "x"),
                                       ("run", "show", "a/b/c/d"), ("run", "rm", "--yes", "a//b"), ("sweep", "show", "a/b/c/d"),
                                       ("sweep", "insights", "a/b/c/d"), ("completion", "tcsh"), ("search",)])
def test_a_wrong_call_is_a_usage_error_and_says_what_to_do(tmp_path, arguments):
    done = Person(tmp_path).regatta(*arguments, expect=USAGE)
    assert done.stderr.strip() and not done.stdout.strip()


def test_a_mistyped_command_is_recognised(tmp_path):
    assert "sweep" in Person(tmp_path).regatta("sweeep", "ls", expect=USAGE).stderr
    assert "pause" in Person(tmp_path).regatta("sweep", "puase", "x", expect=USAGE).stderr


def test_a_server_that_is_not_there(tmp_path):
    nowhere = Person(tmp_path, WANDB_BASE_URL="http://127.0.0.1:1", WANDB_API_KEY="x" * 40)
    for arguments in (("status",), ("run", "ls", "p"), ("run", "show", "a/b/c"), ("watch", "a/b/c")):
        assert "127.0.0.1:1" in nowhere.regatta(*arguments, expect=UNAVAILABLE).stderr


def test_sweep_check_explains_a_file_and_refuses_a_broken_one(tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    person = Person(tmp_path)
    assert "lr" in person.regatta("sweep", "check", file).stdout
    assert person.json("sweep", "check", file)["points"] == 2
    assert "grid" in person.json("sweep", "check", file)["settings"]["sampler"]
    assert person.regatta("sweep", "check", "-", stdin=SWEEP).stdout
    file.write_text("method: grd\nparameters:\n  lr: {min: 2, max: 1}\n")
    text = person.regatta("sweep", "check", file, expect=USAGE).stdout
    assert "line 1" in text and "line 3" in text
    assert json.loads(person.regatta("sweep", "check", file, "--json", expect=USAGE).stdout)
    person.regatta("sweep", "check", tmp_path / "nothing", expect=NOT_FOUND)


def test_the_page_about_sweep_files_shows_files_that_work_and_names_every_key(tmp_path):
    page = (ROOT / "docs/sweep-file.md").read_text()
    person = Person(tmp_path)
    files = re.findall(r"```yaml\n(.*?)```", page, re.S)
    assert len(files) >= 4
    for file in files:
        person.regatta("sweep", "check", "-", stdin=file)  # ends with 2 if anything is wrong
    block = page.split("## The block `regatta`")[1].split("```")[0]
    told = set(re.findall(r"^\| `(\w+)` \|", block, re.M))
    unknown = person.regatta("sweep", "check", "-", stdin=SWEEP + "regatta: {qqqqqqqq: 1}\n", expect=USAGE).stdout
    known = set(re.search(r'no key "qqqqqqqq"; use one of (.*)', unknown)[1].split(", "))
    assert told == known


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(tmp_path, shell):
    script = Person(tmp_path).regatta("completion", shell).stdout
    for word in ("login", "requeue", "history", "follow"):
        assert word in script


def test_bash_completes_words(tmp_path):
    script = tmp_path / "completion"
    script.write_text(Person(tmp_path).regatta("completion", "bash").stdout)
    ask = "source {}; COMP_WORDS=(regatta {}); COMP_CWORD={}; _regatta; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", ask.format(script, "sweep re", 2)], capture_output=True, text=True)
    assert sorted(done.stdout.split()) == ["requeue", "resume"], done.stderr
    done = subprocess.run(["bash", "-c", ask.format(script, "run ls p --ord", 4)], capture_output=True, text=True)
    assert done.stdout.split() == ["--order"], done.stderr


def test_search_over_stdio_answers_line_by_line(tmp_path):
    process = subprocess.Popen([BINARY, "search", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(**request):
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    config = {"method": "random", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    assert ask(op="open", config=config, seed=1)["ok"]
    assert ask(op="swim")["error"]["code"] == "invalid_argument"
    trial = ask(op="ask")["trials"][0]
    assert ask(op="tell", id=trial["id"], value=0.5)["ok"]
    assert ask(op="best")["best"]["parameters"] == trial["parameters"]
    process.stdin.close()
    assert process.wait(10) == 0


# --- login and status ---

def test_login_stores_a_key_that_works(server, user, tmp_path):
    person = Person(tmp_path)
    done = person.regatta("login", "--server", server.url, "--key-stdin", stdin=user.key + "\n")
    assert user.name in done.stdout and user.key not in done.stdout + done.stderr
    netrc = tmp_path / ".netrc"
    assert netrc.stat().st_mode & 0o777 == 0o600
    assert f"machine 127.0.0.1:{server.port}\n  login user\n  password {user.key}\n" in netrc.read_text()
    assert (tmp_path / ".config/regatta/config").stat().st_mode & 0o777 == 0o600
    assert person.json("status")["user"] == user.name


def test_login_with_a_wrong_key_stores_nothing(server, tmp_path):
    person = Person(tmp_path)
    done = person.regatta("login", "--server", server.url, "--key-stdin", stdin="w" * 40, expect=UNAUTHENTICATED)
    assert "w" * 40 not in done.stderr
    assert not (tmp_path / ".netrc").exists()
    person.regatta("login", "--server", server.url, expect=USAGE)


def test_without_a_key_the_message_says_how_to_log_in(server, tmp_path):
    done = Person(tmp_path, server).regatta("status", expect=UNAUTHENTICATED)
    assert "regatta login" in done.stderr


def test_status_shows_what_runs(person, server, user):
    server.create_run(user, "p", "running1")
    status = person.json("status")
    assert status["server"] == server.url and status["entity"] == user.name
    assert [run["name"] for run in status["runs"]] == ["running1"]
    assert "running1" in person.regatta("status").stdout


# --- runs ---

def test_runs_are_listed_filtered_and_ordered(person, server, user, run):
    server.create_run(user, "p", "r2")
    assert {row["name"] for row in person.json("run", "ls", "p")} == {"r1", "r2"}
    assert [row["name"] for row in person.json("run", "ls", f"{user.name}/p", "--filter", '{"state":"finished"}')] == ["r1"]
    assert [row["name"] for row in person.json("run", "ls", "p", "--order", "+created_at")] == ["r1", "r2"]
    limited = person.regatta("run", "ls", "p", "--limit", "1", "--json")
    assert len(json.loads(limited.stdout)) == 1 and "--limit 2" in limited.stderr
    text = person.regatta("run", "ls", "p", "--columns", "loss,config.lr").stdout
    assert re.search(r"^r1 .*finished.* 3 +0\.25 +0\.1$", text, re.MULTILINE), text
    assert "\x1b" not in text
    person.environment["CLICOLOR_FORCE"] = "1"
    assert "\x1b[32mfinished" in person.regatta("run", "ls", "p").stdout
    person.environment["NO_COLOR"] = "1"
    assert "\x1b" not in person.regatta("run", "ls", "p").stdout


def test_without_a_project_those_that_there_are_are_named(person, user, run):
    for what in ("run", "sweep"):
        assert f"{user.name} has p" in person.regatta(what, "ls", expect=USAGE).stderr


def test_a_run_is_shown_under_each_of_its_names(person, user, run):
    for name in ("r1", "p/r1", f"{user.name}/p/r1"):
        shown = person.json("run", "show", name)
        assert shown["path"] == f"{user.name}/p/r1"
        assert shown["config"] == {"lr": 0.1, "net": {"depth": 3}} and shown["summary"]["loss"] == 0.25
    text = person.regatta("run", "show", "r1").stdout
    assert "finished" in text and "exit code 0" in text and "0.25" in text


def test_a_bare_id_in_two_projects_is_a_question(person, server, user, run):
    server.create_run(user, "q", "r1")
    done = person.regatta("run", "show", "r1", expect=FAILURE)
    assert "p/r1" in done.stderr and "q/r1" in done.stderr
    assert person.json("run", "show", "r1", "-p", "q")["state"] == "running"


def test_history_is_complete(person, run):
    assert [row["loss"] for row in person.json("run", "history", "p/r1")] == [1, 0.5, 1 / 3]
    assert person.json("run", "history", "p/r1", "--keys", "acc")[2] == {"_step": 2, "acc": 20}
    lines = person.regatta("run", "history", "p/r1", "--keys", "acc").stdout.splitlines()
    assert lines[0].split() == ["_step", "acc"] and lines[3].split() == ["2", "20"]


def test_a_long_history_is_complete(person, server, user):
    server.create_run(user, "p", "long")
    for first in range(0, 50_000, 10_000):
        rows = [json.dumps({"_step": i, "x": i}) for i in range(first, first + 10_000)]
        assert server.file_stream(user, "p", "long", {"files": {"wandb-history.jsonl": {"offset": first, "content": rows}}}).status == 200
    assert [row["x"] for row in person.json("run", "history", "p/long")] == list(range(50_000))


def test_logs_are_printed_and_followed_to_the_end(person, run):
    assert person.regatta("run", "logs", "p/r1").stdout == "hello\nworld\n"
    assert person.regatta("run", "logs", "p/r1", "--follow").stdout == "hello\nworld\n"
    assert [line["line"] for line in person.json("run", "logs", "p/r1")] == ["hello", "world"]


def test_a_run_is_deleted_only_when_somebody_says_so(person, run):
    assert "--yes" in person.regatta("run", "rm", "p/r1", expect=USAGE).stderr
    person.regatta("run", "show", "p/r1")
    person.regatta("run", "rm", "p/r1", "--yes")
    assert "run ls" in person.regatta("run", "show", "p/r1", expect=NOT_FOUND).stderr
    person.regatta("run", "rm", "p/r1", "--yes", expect=NOT_FOUND)


def test_what_is_not_there_is_not_found(person, server):
    for arguments in (("run", "ls", "nothing"), ("run", "show", "nothing"), ("run", "history", "p/nothing"), ("run", "logs", "x/y/z"),
                      ("sweep", "ls", "nothing"), ("sweep", "show", "nothing"), ("sweep", "pause", "p/nothing"), ("watch", "x/y/z")):
        person.regatta(*arguments, expect=NOT_FOUND)


def test_somebody_elses_run_is_not_found(server, run, tmp_path, user):
    other = Person(tmp_path, server, server.add_user())
    other.regatta("run", "show", f"{user.name}/p/r1", expect=NOT_FOUND)


# --- sweeps ---

@pytest.fixture
def sweep(person, tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    return person.json("sweep", "create", file, "-p", "p", "--name", "first")["path"]


def test_a_sweep_is_created_listed_and_shown(person, sweep, user):
    assert sweep.startswith(f"{user.name}/p/")
    name = sweep.rsplit("/", 1)[1]
    assert [row["name"] for row in person.json("sweep", "ls", "p")] == [name]
    shown = person.json("sweep", "show", name)
    assert shown["path"] == sweep and shown["state"] == "PENDING" and shown["metric"] == "loss" and shown["runCountExpected"] == 2
    assert "first" in person.regatta("sweep", "show", sweep).stdout
    assert name in person.regatta("sweep", "ls", "p").stdout


def test_each_run_says_why_it_has_its_point(person, server, user, sweep):
    name = sweep.rsplit("/", 1)[1]
    agent = server.graphql("mutation A($s: String!, $p: String) { createAgent(input: {host: \"h\", sweep: $s, projectName: $p}) { agent { id } } }",
                           {"s": name, "p": "p"}, key=user.key)["createAgent"]["agent"]["id"]
    server.graphql("mutation H($id: ID!) { agentHeartbeat(input: {id: $id, runState: \"{}\"}) { commands } }", {"id": agent}, key=user.key)
    assert person.json("sweep", "show", sweep)["runs"][0]["why"] == "Point 1 of the grid of 2."
    assert "Point 1 of the grid of 2." in person.regatta("sweep", "show", sweep, "--why").stdout
    assert "WHY" not in person.regatta("sweep", "show", sweep).stdout.split("AGENT")[0]


def test_creating_prints_the_next_commands(person, tmp_path, user):
    text = person.regatta("sweep", "create", "-", "-p", "q", stdin=SWEEP).stdout
    path = re.search(rf"{user.name}/q/\w+", text).group()
    assert f"regatta agent {path}" in text and f"regatta watch {path}" in text


def test_a_broken_sweep_file_is_refused_before_the_server_is_asked(tmp_path):
    done = Person(tmp_path, WANDB_BASE_URL="http://127.0.0.1:1").regatta(
        "sweep", "create", "-", stdin="method: grd\nparameters: {x: {value: 1}}\n", expect=USAGE)
    assert "line 1" in done.stderr and "grid" in done.stderr


def test_a_sweep_is_steered(person, server, user, sweep):
    agent = server.graphql("mutation A($s: String!, $e: String, $p: String) { createAgent(input: {host: \"h\", sweep: $s, entityName: $e, "
                           "projectName: $p}) { agent { id } } }",
                           {"s": sweep.rsplit("/", 1)[1], "e": user.name, "p": "p"}, key=user.key)["createAgent"]["agent"]["id"]
    beat = "mutation H($id: ID!) { agentHeartbeat(input: {id: $id, runState: \"{}\"}) { commands } }"
    assert json.loads(server.graphql(beat, {"id": agent}, key=user.key)["agentHeartbeat"]["commands"])
    for verb, state in (("pause", "PAUSED"), ("resume", "RUNNING")):
        person.regatta("sweep", verb, sweep)
        assert person.json("sweep", "show", sweep)["state"] == state
    assert "--yes" in person.regatta("sweep", "cancel", sweep, expect=USAGE).stderr
    person.regatta("sweep", "cancel", sweep, "--yes")
    assert person.json("sweep", "show", sweep)["state"] == "CANCELED"
    assert person.regatta("sweep", "pause", sweep, expect=FAILURE).stderr.strip()
    lines = person.regatta("watch", sweep, expect=FAILURE).stdout.splitlines()
    assert lines and "CANCELED" in lines[0]


def test_the_best_run_has_the_lowest_value(person, server, user, sweep):
    person.regatta("sweep", "best", sweep, expect=NOT_FOUND)
    name = sweep.rsplit("/", 1)[1]
    for run, loss in (("a", 0.5), ("b", 0.25)):
        server.create_run(user, "p", run, sweep=name, config=json.dumps({"lr": {"value": 0.1 if run == "a" else 0.01}}))
        rows = [json.dumps({"_step": step, "loss": value}) for step, value in enumerate((loss, loss + 3))]  # it overfits
        body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": rows},
                          "wandb-summary.json": {"offset": 0, "content": [json.dumps({"loss": loss + 3})]}}, "complete": True, "exitcode": 0}
        assert server.file_stream(user, "p", run, body).status == 200
    best = person.json("sweep", "best", sweep)
    assert best["name"] == "b" and best["value"] == 0.25 and best["parameters"] == {"lr": 0.01}
    assert "0.25" in person.regatta("sweep", "best", sweep).stdout
    assert person.json("watch", sweep, "--once")["best"]["name"] == "b"


def test_a_failed_run_is_handed_out_again_when_somebody_asks(person, server, user, tmp_path):
    sweep = person.json("sweep", "create", "-", "-p", "p", stdin="method: grid\nprogram: t.py\nparameters: {x: {values: [7]}}\n")["path"]
    name = sweep.rsplit("/", 1)[1]
    register = "mutation A($s: String!, $p: String) { createAgent(input: {host: \"h\", sweep: $s, projectName: $p}) { agent { id } } }"
    beat = "mutation H($id: ID!) { agentHeartbeat(input: {id: $id, runState: \"{}\"}) { commands } }"

    def take() -> dict:
        agent = server.graphql(register, {"s": name, "p": "p"}, key=user.key)["createAgent"]["agent"]["id"]
        return json.loads(server.graphql(beat, {"id": agent}, key=user.key)["agentHeartbeat"]["commands"])[0]

    first = take()
    server.create_run(user, "p", first["run_id"], sweep=name)
    person.regatta("sweep", "requeue", sweep, first["run_id"], expect=FAILURE)
    assert server.file_stream(user, "p", first["run_id"], {"complete": True, "exitcode": 1}).status == 200
    assert person.json("sweep", "show", sweep)["state"] == "FINISHED"

    assert "regatta sweep show" in person.regatta("sweep", "requeue", sweep, "nobody", expect=NOT_FOUND).stderr
    assert person.json("sweep", "requeue", sweep, "--failed") == {"requeued": [first["run_id"]]}
    assert person.json("sweep", "show", sweep)["state"] == "RUNNING"
    again = take()
    assert again["args"] == first["args"] and again["run_id"] != first["run_id"]
    other = Person(tmp_path, server, server.add_user())
    other.regatta("sweep", "requeue", sweep, first["run_id"], expect=NOT_FOUND)


def test_watch_tells_each_change_and_ends_with_the_sweep(person, server, user, sweep):
    process = subprocess.Popen([BINARY, "watch", sweep], env=person.environment, stdout=subprocess.PIPE, text=True)
    assert "PENDING" in process.stdout.readline()
    server.create_run(user, "p", "w1", sweep=sweep.rsplit("/", 1)[1])
    line = process.stdout.readline()
    while "w1" not in line:
        assert line, "watch ended early"
        line = process.stdout.readline()
    assert "running" in line
    person.regatta("sweep", "cancel", sweep, "--yes")
    rest = process.communicate(timeout=30)[0]
    assert "CANCELED" in rest and process.returncode == FAILURE
