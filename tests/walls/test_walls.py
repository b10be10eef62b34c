"""The walls between the modules, proved with the compiler's own command lines.

Each test takes the command that the build uses for a source of a module, gives it another text to compile, and
looks at whether the compiler accepts it. What a module may never see is the table NEVER: it repeats the design
on purpose, so that a new arrow in a CMakeLists.txt has to be meant.
"""
import json
import os
import pathlib
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REGATTA_BUILD", ROOT / "build/release"))

# module -> modules whose headers it must not be able to include
NEVER = {
    "base": {"search", "tracking", "sweeps", "storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "codec": {"command", "search", "tracking", "sweeps", "storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "command": {"codec", "search", "tracking", "sweeps", "storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "search": {"tracking", "sweeps", "storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "tracking": {"search", "sweeps", "storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "sweeps": {"storage", "graphql", "net", "wandb", "server", "agent", "app"},
    "storage": {"graphql", "net", "wandb", "server", "agent", "app"},
    "graphql": {"search", "tracking", "sweeps", "storage", "net", "wandb", "server", "agent", "app"},
    "net": {"search", "tracking", "sweeps", "storage", "graphql", "wandb", "server", "agent", "app"},
    "wandb": {"storage", "server", "agent", "app"},
    "server": {"storage", "graphql", "wandb", "agent", "app"},
    "agent": {"search", "tracking", "sweeps", "storage", "graphql", "wandb", "server", "app"},
}
# module -> a header of a third-party library that it must not be able to include
NEVER_LIBRARY = [
    ("wandb", "boost/beast.hpp"),
    ("wandb", "boost/beast/http.hpp"),
    ("wandb", "sqlite3.h"),
    ("tracking", "sqlite3.h"),
    ("sweeps", "sqlite3.h"),
    ("sweeps", "boost/asio.hpp"),
    ("server", "boost/beast/http.hpp"),
    ("server", "sqlite3.h"),
    ("graphql", "boost/beast/http.hpp"),
    ("storage", "boost/beast/http.hpp"),
    ("search", "nlohmann/json.hpp"),
    ("search", "yaml-cpp/yaml.h"),
    ("search", "spdlog/spdlog.h"),
    ("base", "nlohmann/json.hpp"),
]


def compile_commands() -> dict:
    """module -> (arguments that end in no source, folder to run in)"""
    path = BUILD / "compile_commands.json"
    if not path.exists():
        raise RuntimeError(f"{path} is missing: run `make build` first, or name a build folder in REGATTA_BUILD")
    found = {}
    for entry in json.loads(path.read_text()):
        source = pathlib.Path(entry["file"])
        parts = source.parts
        if "src" not in parts or source.stem.endswith(("_test", "_benchmark", "_fuzz")):
            continue
        module = parts[len(parts) - 1 - parts[::-1].index("src") + 1]
        if module in found or f"regatta_{module}.dir" not in entry["command"]:
            continue
        arguments, skip = [], False
        for argument in shlex.split(entry["command"]):
            if skip:
                skip = False
            elif argument in ("-c", "-o"):
                skip = True
            elif not argument.endswith("ccache"):
                arguments.append(argument)
        found[module] = (arguments, entry["directory"])
    return found


COMMANDS = compile_commands()


def try_compile(module: str, text: str):
    arguments, folder = COMMANDS[module]
    return subprocess.run([*arguments, "-fsyntax-only", "-Wno-pragma-once-outside-header", "-x", "c++", "-"], cwd=folder,
                          input=text, capture_output=True, text=True, timeout=300)


def public_headers(module: str):
    include = ROOT / "src" / module / "include"
    return sorted(str(path.relative_to(include)) for path in include.rglob("*.h"))


def module_pairs():
    return [(module, other) for module, others in NEVER.items() for other in sorted(others)
            if module in COMMANDS and public_headers(other)]


def all_headers():
    return [(module, header) for module in sorted(COMMANDS) for header in public_headers(module)]


def assert_refused(result, header: str) -> None:
    assert result.returncode != 0, f"{header} compiled"
    assert f"'{header}' file not found" in result.stderr or "this module may not include" in result.stderr, result.stderr


@pytest.mark.parametrize("module,other", module_pairs())
def test_a_module_cannot_include_another_behind_its_wall(module, other):
    header = public_headers(other)[0]
    assert_refused(try_compile(module, f'#include "{header}"\n'), header)


@pytest.mark.parametrize("module,header", [pair for pair in NEVER_LIBRARY if pair[0] in COMMANDS])
def test_a_module_cannot_include_a_library_behind_its_wall(module, header):
    assert_refused(try_compile(module, f"#include <{header}>\n"), header)


@pytest.mark.parametrize("module,header", all_headers())
def test_a_public_header_compiles_alone(module, header):
    result = try_compile(module, f'#include "{header}"\n#include "{header}"\n')
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", sorted(COMMANDS))
def test_a_module_can_include_what_it_declared(module):
    result = try_compile(module, '#include "regatta/base/result.h"\nregatta::Result<int> Answer() { return 42; }\n')
    # Only -Wmissing-prototypes and the like may object, and the build turns none of those on.
    assert result.returncode == 0, result.stderr


def test_the_compiler_is_really_asked():
    result = try_compile("base", "int x = ;\n")
    assert result.returncode != 0 and "expected expression" in result.stderr
