#!/usr/bin/env python3
"""Check the layout of all C++ sources (clang-format) and run clang-tidy over them.

    tools/lint.py [FILE...]        only these files; without any, every source in the repository
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", "*.cc", "*.h"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    return [path for path in listed if (ROOT / path).exists()]


def main() -> int:
    files = sys.argv[1:] or sources()
    layout = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], cwd=ROOT)
    subprocess.run(["tools/with_node.sh", "cmake", "--preset", "dev"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    compiled = [path for path in files if path.endswith(".cc") and not path.endswith("_fuzz.cc")]
    tidy = subprocess.run(["run-clang-tidy-19", "-quiet", "-p", "build/dev", *(f"^{ROOT / path}$" for path in compiled)],
                          cwd=ROOT)
    if layout.returncode or tidy.returncode:
        print("lint: not clean; `make format` mends the layout", file=sys.stderr)
        return 1
    print(f"lint: {len(files)} files are clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
