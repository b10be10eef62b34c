#!/usr/bin/env python3
"""The one test runner: everything `make test` and `make test-full` run, counted together.

    tools/test.py [--full] [--stage NAME]... [--jobs N] [--list]

Stages run in two lanes beside each other: one compiles and runs C++, the other waits for the release build and
then drives the real programs. Failures are shown in full at the end. The last line is `N passed, N failed`,
with `, N skipped` when some were. Exit status: 0 all passed, 1 something failed or nothing ran.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import xml.etree.ElementTree as ElementTree

import venv as environments

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT_LINES_MAX = 150
BUILD_SECONDS_MAX = 3600


@dataclasses.dataclass
class Tally:
    """What one stage found out. Filled by that stage's thread only."""

    passed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)  # (name, text)

    def fail(self, name: str, text: str) -> None:
        lines = text.rstrip().splitlines()
        if len(lines) > OUTPUT_LINES_MAX:
            lines = lines[:20] + [f"... {len(lines) - OUTPUT_LINES_MAX} lines left out ..."] + lines[20 - OUTPUT_LINES_MAX:]
        self.failures.append((name, "\n".join(lines)))


class Runner:
    """The settings of this run, and what all stages share."""

    def __init__(self, options):
        self.full = options.full
        self.jobs = options.jobs
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="regatta-test-"))
        self.release_is_built = threading.Event()
        self.release_is_good = False
        self._print_lock = threading.Lock()
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        with self._print_lock:
            print(f"[{time.monotonic() - self._started:6.0f} s] {text}", flush=True)

    def run(self, command, *, seconds_max, env=None, cwd=ROOT):
        """Runs to the end or to the time limit. Returns (exit code, output); 124 stands for the time limit."""
        environment = dict(os.environ, **(env or {}))
        process = subprocess.Popen([str(part) for part in command], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
        try:
            output, _ = process.communicate(timeout=seconds_max)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            return 124, f"{output}\nended after its {seconds_max} s: {shlex.join(map(str, command))}"


# --- building ---------------------------------------------------------------------------------------------------


def build(runner: Runner, tally: Tally, preset: str, targets=(), variables=()) -> bool:
    folder = ROOT / "build" / preset
    node = ROOT / "tools/with_node.sh"
    steps = [[node, "cmake", "--preset", preset, *variables],
             [node, "ninja", "-C", folder, f"-j{runner.jobs}", "-k", "0", *targets]]
    for step in steps:
        code, output = runner.run(step, seconds_max=BUILD_SECONDS_MAX)
        if code != 0:
            tally.fail(f"build {preset}", only_errors(output))
            return False
    tally.passed += 1
    return True


def only_errors(output: str) -> str:
    """Of a ninja log, the parts from FAILED on; all of it when there are none."""
    lines, kept, keep = output.splitlines(), [], False
    for line in lines:
        if re.match(r"\[\d+/\d+\]", line):
            keep = False
        if line.startswith("FAILED:"):
            keep = True
        if keep:
            kept.append(line)
    return "\n".join(kept or lines)


def built_targets(folder: pathlib.Path, suffix: str):
    """The programs of that kind whose sources are still there, wherever the build put them."""
    known = {target.name for target in ROOT.glob("src/*")}
    found = [path for place in ("src", "tests", "bench") for path in folder.glob(f"{place}/*/*{suffix}")]
    # A link test has said what it has to say once it is linked.
    return sorted(path for path in found if path.is_file() and os.access(path, os.X_OK)
                  and not path.name.endswith("_link_test")
                  and (path.parent.name in known or any((ROOT / place / path.parent.name).is_dir() for place in ("tests", "bench"))))


# --- GoogleTest -------------------------------------------------------------------------------------------------


def run_gtest(runner: Runner, tally: Tally, binary: pathlib.Path, label: str, env=None, seconds_max=900) -> None:
    """Counts each test case; a program that dies counts as one failure beside what it had passed until then."""
    report = runner.scratch / f"{label}-{binary.name}.json"
    code, output = runner.run([binary, f"--gtest_output=json:{report}", "--gtest_brief=0"], env=env, seconds_max=seconds_max)
    name = f"{label} {binary.name}"
    if not report.exists():
        tally.passed += len(re.findall(r"^\[       OK \]", output, re.M))
        tally.fail(f"{name}: ended with {code} and no report", output)
        return
    failed = 0
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                failed += 1
                tally.fail(f"{name} {suite['name']}.{case['name']}", "\n".join(f["failure"] for f in case["failures"]))
            elif case.get("result") == "SKIPPED":
                tally.skipped += 1
            elif case.get("status") == "RUN":
                tally.passed += 1
    if code != 0 and failed == 0:
        tally.fail(f"{name}: every case passed, but it ended with {code}", output)


def stage_unit(runner: Runner, tally: Tally) -> None:
    """Release build, each module linked with only what it declared, and every unit test."""
    try:
        runner.release_is_good = build(runner, tally, "release", targets=("all", "link_tests"))
    finally:
        runner.release_is_built.set()
    if not runner.release_is_good:
        return
    for binary in built_targets(ROOT / "build/release", "_test"):
        run_gtest(runner, tally, binary, "unit")
    run_pytest(runner, tally, "bench/search", workers=1, seconds_max=300)  # the scoring of the search engine
    if runner.full:  # the 300 seeds of every day are a unit test
        simulation = ROOT / "build/release/tests/simulation/sweep_simulation"
        code, output = runner.run([simulation, "--seeds", "10000"], seconds_max=7200)
        if code == 0:
            tally.passed += 1
        else:
            tally.fail("simulation of 10,000 seeds", output)


def sanitizer_environment() -> dict:
    return {
        "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
        "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19",
        "REGATTA_UNDER_SANITIZER": "1",
    }


def sanitized_server(preset: str) -> dict:
    """The environment in which pytest's servers and agents are those of the preset; a finding ends them, which fails the test."""
    return {**sanitizer_environment(), "REGATTA_BINARY": str(ROOT / "build" / preset / "regatta")}


def stage_sanitizers(runner: Runner, tally: Tally) -> None:
    """Every unit test under the address and undefined-behaviour sanitizers; when full, the server of the wire and
    end-to-end tests, too."""
    if not build(runner, tally, "asan-ubsan"):
        return
    for binary in built_targets(ROOT / "build/asan-ubsan", "_test"):
        run_gtest(runner, tally, binary, "asan-ubsan", env=sanitizer_environment(), seconds_max=1800)
    if runner.full:
        for folder in ("tests/e2e", "tests/wire"):
            run_pytest(runner, tally, folder, workers=runner.jobs, seconds_max=7200, env=sanitized_server("asan-ubsan"))


def stage_threads(runner: Runner, tally: Tally) -> None:
    """Unit tests, and the server of the end-to-end tests, under the thread sanitizer (full only)."""
    if not build(runner, tally, "tsan"):
        return
    for binary in built_targets(ROOT / "build/tsan", "_test"):
        run_gtest(runner, tally, binary, "tsan", env=sanitizer_environment(), seconds_max=3600)
    run_pytest(runner, tally, "tests/e2e", workers=runner.jobs, seconds_max=7200, env=sanitized_server("tsan"))


# --- fuzzing ----------------------------------------------------------------------------------------------------


# Each input is a whole search, models and all: seconds would show nothing.
SLOW_FUZZERS = {"search_stdio_fuzz"}


def stage_fuzz(runner: Runner, tally: Tally) -> None:
    """Every fuzzer from its corpus: for seconds and from one seed, or for minutes from any when full."""
    sources = sorted(source for source in ROOT.glob("src/*/*_fuzz.cc") if runner.full or source.stem not in SLOW_FUZZERS)
    names = [source.stem for source in sources]
    if not names or not build(runner, tally, "fuzz", targets=names):
        return
    seconds = 180 if runner.full else 5
    for source in sources:
        binary = ROOT / "build/fuzz/src" / source.parent.name / source.stem
        corpus = source.parent / "fuzz_corpus" / source.stem
        found = runner.scratch / f"fuzz-{source.stem}"
        found.mkdir()
        # One seed, so that a commit meets the same inputs wherever it is, as far as its time goes; new ones are for the full run.
        seed = 0 if runner.full else 1
        command = [binary, f"-seed={seed}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536",
                   "-print_final_stats=1", f"-artifact_prefix={found}/", found]
        if corpus.is_dir():
            command.append(corpus)
        else:
            tally.fail(f"fuzz {source.stem}: no corpus", f"{corpus.relative_to(ROOT)} is missing")
            continue
        code, output = runner.run(command, env=sanitizer_environment(), seconds_max=seconds + 120)
        if code == 0:
            tally.passed += 1
            continue
        artifact = next((p for p in sorted(found.iterdir()) if p.name.startswith(("crash-", "timeout-", "oom-"))), None)
        shown = f"\ninput ({artifact.name}): {artifact.read_bytes()[:2000]!r}" if artifact else ""
        tally.fail(f"fuzz {source.stem}", output + shown)


# --- pytest and the web -----------------------------------------------------------------------------------------


def read_junit(tally: Tally, report: pathlib.Path, label: str) -> None:
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{label} {case.get('classname', '')}::{case.get('name')}"
        bad = [child for child in case if child.tag in ("failure", "error")]
        if bad:
            tally.fail(name, "\n".join(filter(None, [bad[0].get("message", "").splitlines()[0] if bad[0].get("message") else "",
                                                     bad[0].text or ""])))
        elif any(child.tag == "skipped" for child in case):
            tally.skipped += 1
        else:
            tally.passed += 1


def run_pytest(runner: Runner, tally: Tally, folder: str, *, workers: int, seconds_max: int, env=None) -> None:
    python = environments.ensure("tests") / "bin/python"
    report = runner.scratch / f"{folder.replace('/', '-')}.xml"
    command = [python, "-m", "pytest", ROOT / folder, "-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}",
               "-n", str(workers), "--dist=worksteal"]
    code, output = runner.run(command, env=env, seconds_max=seconds_max)
    if not report.exists():
        tally.fail(f"pytest {folder}: ended with {code} and no report", output)
        return
    before = len(tally.failures)
    read_junit(tally, report, folder)
    if code not in (0, 1) or (code == 1 and len(tally.failures) == before):
        tally.fail(f"pytest {folder}: ended with {code}", output)


def wait_for_release(runner: Runner, tally: Tally, what: str) -> bool:
    runner.release_is_built.wait()
    if not runner.release_is_good:
        tally.fail(what, "not run: the release build failed")
    return runner.release_is_good


def stage_walls(runner: Runner, tally: Tally) -> None:
    """Forbidden includes fail, public headers compile alone."""
    if wait_for_release(runner, tally, "walls"):
        run_pytest(runner, tally, "tests/walls", workers=runner.jobs, seconds_max=1200)


def stage_wire(runner: Runner, tally: Tally) -> None:
    """The real wandb clients against the real server."""
    if wait_for_release(runner, tally, "wire"):
        run_pytest(runner, tally, "tests/wire", workers=runner.jobs + 1, seconds_max=3000)


def stage_end_to_end(runner: Runner, tally: Tally) -> None:
    """The server as a process: starting, stopping, killing, bad input."""
    if wait_for_release(runner, tally, "e2e"):
        run_pytest(runner, tally, "tests/e2e", workers=runner.jobs, seconds_max=5400 if runner.full else 1500,
                   env={"REGATTA_KILLS": "1000" if runner.full else "100"})
        run_isolation(runner, tally)


def run_isolation(runner: Runner, tally: Tally) -> None:
    """The static agent where nothing else is: as process 1, and in an empty root folder."""
    code, output = runner.run([sys.executable, ROOT / "src/agent/main/isolation_test.py", ROOT / "build/release/regatta-agent"],
                              seconds_max=150)
    if code == 0:
        tally.passed += 1
    elif code == 77:
        tally.skipped += 1
    else:
        tally.fail("agent isolation", output)


def stage_web(runner: Runner, tally: Tally) -> None:
    """The page: its unit tests, its types, and itself in a real browser on the real server."""
    web = ROOT / "web"
    if not (web / "package.json").exists():
        return
    runner.release_is_built.wait()  # the build may be installing the packages until then
    node = ROOT / "tools/with_node.sh"
    installed = web / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (web / "package-lock.json").stat().st_mtime:
        code, output = runner.run([node, "npm", "ci", "--no-audit", "--no-fund"], cwd=web, seconds_max=900)
        if code != 0:
            tally.fail("web: npm ci", output)
            return
    report = runner.scratch / "web.xml"
    command = [node, "npx", "vitest", "run", "--reporter=junit", f"--outputFile={report}"]
    code, output = runner.run(command, cwd=web, seconds_max=600)
    if not report.exists():
        tally.fail(f"web: ended with {code} and no report", output)
        return
    before = len(tally.failures)
    read_junit(tally, report, "web")
    if code != 0 and len(tally.failures) == before:
        tally.fail(f"web: ended with {code}", output)
    code, output = runner.run([node, "npm", "run", "check"], cwd=web, seconds_max=600)
    if code != 0:
        tally.fail("web: types", output)
    else:
        tally.passed += 1
    run_pytest(runner, tally, "tests/web", workers=runner.jobs, seconds_max=1500)


# --- the run ----------------------------------------------------------------------------------------------------

COMPILE_LANE = {"unit": stage_unit, "sanitizers": stage_sanitizers, "fuzz": stage_fuzz, "threads": stage_threads}
PROGRAM_LANE = {"walls": stage_walls, "e2e": stage_end_to_end, "wire": stage_wire, "web": stage_web}
FULL_ONLY = {"threads"}
STAGES = {**COMPILE_LANE, **PROGRAM_LANE}


def run_lane(runner: Runner, names, tallies) -> None:
    for name in names:
        started = time.monotonic()
        runner.say(f"{name}: started")
        tally = tallies[name] = Tally()
        try:
            STAGES[name](runner, tally)
        except Exception:  # a broken stage is a failure of that stage, never of the whole run
            tally.fail(f"{name}: the stage itself broke", traceback.format_exc())
        runner.say(f"{name}: {tally.passed} passed, {len(tally.failures)} failed, {tally.skipped} skipped "
                   f"in {time.monotonic() - started:.0f} s")
        for failure, _ in tally.failures:
            runner.say(f"{name}: FAILED {failure}")


def prepare_environments(runner: Runner) -> None:
    """Fetches the Python environments while the compiler works; a failure is reported by the stage that needs one."""
    for name in ("tests", *(n for n in environments.ENVIRONMENTS if n.startswith("wandb-"))):
        try:
            environments.ensure(name)
        except RuntimeError as error:
            runner.say(f"environment {name}: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="add the slow tiers")
    parser.add_argument("--stage", action="append", choices=sorted(STAGES), help="only this stage (may be repeated)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true", help="list the stages and stop")
    options = parser.parse_args()
    if options.list:
        for name, stage in STAGES.items():
            print(f"{name:12s} {stage.__doc__}")
        return 0

    wanted = options.stage or [name for name in STAGES if options.full or name not in FULL_ONLY]
    runner = Runner(options)
    if "unit" not in wanted:  # then take the release build as it lies there
        runner.release_is_good = (ROOT / "build/release/build.ninja").exists()
        runner.release_is_built.set()
    tallies = {}
    threads = [threading.Thread(target=run_lane, args=(runner, [n for n in lane if n in wanted], tallies))
               for lane in (COMPILE_LANE, PROGRAM_LANE)]
    if any(name in wanted for name in PROGRAM_LANE):
        threads.append(threading.Thread(target=prepare_environments, args=(runner,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    failures = [failure for name in STAGES if name in tallies for failure in tallies[name].failures]
    for name, text in failures:
        print(f"\n=== FAILED {name}\n{text}")
    passed = sum(tally.passed for tally in tallies.values())
    skipped = sum(tally.skipped for tally in tallies.values())
    print(f"\n{passed} passed, {len(failures)} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failures or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
