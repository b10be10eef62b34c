#!/usr/bin/env python3
"""Build and run every benchmark of the modules, then the scripts of bench/ that need the whole server, then the
instructions of a suggestion and the search engine's quality on the held-out tasks.

    tools/bench.py [FILTER]        only benchmarks whose program or script name (as in search/evaluate.py) contains FILTER
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    modules = sorted({path.parent.name for path in ROOT.glob("src/*/*_benchmark.cc")})
    targets = [f"regatta_{module}_benchmark" for module in modules if wanted in f"regatta_{module}_benchmark"]
    scripts = [*sorted(ROOT.glob("bench/*.py")), ROOT / "bench/search/instructions.py", ROOT / "bench/search/evaluate.py"]
    scripts = [path for path in scripts if wanted in str(path.relative_to(ROOT / "bench")) and not path.name.startswith("_")]
    if not targets and not scripts:
        print(f"bench: nothing is called like '{wanted}'", file=sys.stderr)
        return 2
    subprocess.run(["tools/with_node.sh", "cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["tools/with_node.sh", "cmake", "--build", "build/release", "--target", "regatta", "ingest_load", "search_quality", "regatta_search_benchmark", *targets], cwd=ROOT, check=True)
    failed = []
    for target, module in ((target, target[len("regatta_"):-len("_benchmark")]) for target in targets):
        if subprocess.run([ROOT / "build/release/src" / module / target], cwd=ROOT).returncode:
            failed.append(target)
    for script in scripts:
        if subprocess.run([sys.executable, script], cwd=ROOT).returncode:
            failed.append(script.name)
    if failed:
        print(f"bench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
