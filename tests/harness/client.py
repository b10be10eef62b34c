"""A published release of the wandb client, run in processes of its own.

Each Client has its own home and working folder, and an environment in which nothing but this server can be
reached by default.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import venv as environments  # noqa: E402  (tools/venv.py)

VERSIONS = ["0.31.0", "0.28.2", "0.22.2"]
NEWEST = VERSIONS[0]
MARK = "RESULT "

# What every script can use: the client, and a way to hand one JSON value to the test.
PRELUDE = f"""
import json, math, os, pathlib, sys, time
import wandb

def result(value):
    print("{MARK}" + json.dumps(value, default=dict), flush=True)

"""


def hear_interrupts() -> None:
    """A shell starts its background jobs with SIGINT ignored, and what they start inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class ClientFailed(AssertionError):
    pass


class Finished:
    """What one client process left."""

    def __init__(self, process: subprocess.CompletedProcess):
        self.code = process.returncode
        self.output = process.stdout

    @property
    def result(self):
        lines = [line for line in self.output.splitlines() if line.startswith(MARK)]
        if not lines:
            raise ClientFailed(f"the script handed over no result:\n{self.output}")
        return json.loads(lines[-1][len(MARK):])


class Client:
    def __init__(self, version: str, server, user, folder: pathlib.Path):
        self.version = version
        self.server = server
        self.user = user
        self.folder = folder
        self.bin = environments.ensure(f"wandb-{version}") / "bin"
        (folder / "home").mkdir(parents=True, exist_ok=True)

    def environment(self, **extra) -> dict:
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "WANDB_BASE_URL": self.server.url,
            "WANDB_API_KEY": self.user.key,
            "WANDB_DIR": str(self.folder),
            "WANDB_CONSOLE": "off",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_X_DISABLE_STATS": "true",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
            **{name: str(value) for name, value in extra.items()},
        }

    def script(self, text: str, name: str = "script.py") -> pathlib.Path:
        """Writes a script into the client's folder, with the prelude before it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PRELUDE + textwrap.dedent(text))
        return path

    def command(self, *arguments, check: bool = True, seconds_max: float = 120, env=None) -> Finished:
        """Runs a program of the environment to its end."""
        process = self.start(*arguments, env=env)
        try:
            output, _ = process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise ClientFailed(f"{arguments} did not end within {seconds_max} s:\n{output}\n--- server ---\n"
                               f"{self.server.log()[-4000:]}") from None
        done = Finished(subprocess.CompletedProcess(arguments, process.returncode, output))
        if check and done.code != 0:
            raise ClientFailed(f"{arguments} ended with {done.code}:\n{done.output}\n--- server ---\n{self.server.log()[-4000:]}")
        return done

    def start(self, *arguments, env=None) -> subprocess.Popen:
        """Starts a program of the environment in a process group of its own."""
        program = str(self.bin / arguments[0]) if (self.bin / str(arguments[0])).exists() else str(arguments[0])
        return subprocess.Popen([program, *map(str, arguments[1:])], cwd=self.folder, env=self.environment(**(env or {})),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                errors="replace", start_new_session=True, preexec_fn=hear_interrupts)

    def python(self, text: str, *arguments, **options) -> Finished:
        """Runs a script and waits for its end."""
        return self.command("python", self.script(text, f"script-{time.monotonic_ns()}.py"), *arguments, **options)

    def run(self, text: str, *arguments, **options):
        """Runs a script and returns what it handed over with result()."""
        return self.python(text, *arguments, **options).result

    def wandb(self, *arguments, **options) -> Finished:
        """The command line program."""
        return self.command("wandb", *arguments, **options)

    def signal_tree(self, process: subprocess.Popen, number: int) -> None:
        """Sends a signal to a process and everything below it, agents' children having groups of their own."""
        for pid in reversed(descendants(process.pid)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill_tree(self, process: subprocess.Popen) -> None:
        self.signal_tree(process, signal.SIGKILL)
        process.communicate()


def descendants(root: int) -> list:
    """The process and all below it, parents first."""
    children = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found
