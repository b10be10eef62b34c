#!/usr/bin/env bash
# Judge a running server with upstream's own system tests.
#
#   WANDB_SRC=DIR ./run.sh BASE_PORT FIXTURE_PORT GATE [extra pytest arguments]
#
#   BASE_PORT     the server under test, plain HTTP on localhost (GET /ready must answer 200)
#   FIXTURE_PORT  its fixture service (GET /health, POST db/user; README.md)
#   GATE          A  smoke          B  sweeps       BS  sweep scheduler (launch parts mocked)
#                 C  test_core ...  D  public API and artifacts
#
# Environment
#   WANDB_SRC  checkout or export of wandb/wandb at the tag below (needs tests/, tools/, pyproject.toml)
#   CONFORMANCE_VENV  virtual environment, created when missing   (default: ~/.cache/regatta/conformance-venv)
#   CONFORMANCE_OUT   where results go                            (default: a new temporary directory)
#   PYTHON     interpreter for a new environment           (default: python3)
#   WORKERS    pytest workers (2)      TIMEOUT  seconds per test (60)
#   MATCH_ANY=1  run although the installed wheel and the checkout differ
#
# Exit status: 0 all passed or skipped, 1 some failed, 2 could not run.
set -u -o pipefail
TAG=v0.28.2

die() { echo "run.sh: $*" >&2; exit 2; }
[ $# -ge 3 ] || { sed -n '2,21s/^# \{0,1\}//p' "$0"; exit 2; }
base_port=$1; fixture_port=$2; gate=$3; shift 3
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${WANDB_SRC:-}" ] || die "set WANDB_SRC to a wandb/wandb checkout at tag $TAG"
[ -f "$WANDB_SRC/tools/local_wandb_server.py" ] && [ -d "$WANDB_SRC/tests/system_tests" ] \
    || die "WANDB_SRC has no tests/system_tests and tools/: $WANDB_SRC"
venv=${CONFORMANCE_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/regatta/conformance-venv}
out=${CONFORMANCE_OUT:-$(mktemp -d "${TMPDIR:-/tmp}/regatta-conformance.XXXXXX")}
mkdir -p "$out" "$venv" || die "cannot write $out or $venv"
venv=$(cd "$venv" && pwd)
out=$(cd "$out" && pwd)

sys=tests/system_tests
case $gate in
    A) select=$(printf "$sys/test_core/%s.py " test_wandb_login test_wandb_init test_wandb test_file_stream test_console) ;;
    B) select="$sys/test_sweep $sys/test_launch/test_wandb_controller.py --ignore=$sys/test_sweep/test_launch_scheduler.py" ;;
    BS) select="$sys/test_sweep/test_launch_scheduler.py" ;;
    C) select="$sys/test_core $sys/test_system_metrics $sys/test_plot.py" ;;
    D) select="$sys/test_api $sys/test_artifacts" ;;
    *) die "unknown gate '$gate' (A, B, BS, C or D)" ;;
esac

# 1. environment: a stamp holds the requirements it was made from
if ! cmp -s "$here/requirements.txt" "$venv/.requirements"; then
    echo "run.sh: installing into $venv" >&2
    [ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv" || die "cannot make $venv"
    "$venv/bin/python" -m pip -q --disable-pip-version-check install -r "$here/requirements.txt" >&2 || die "pip failed"
    cp "$here/requirements.txt" "$venv/.requirements"
fi

# 2. a private copy of the tests: the tool keeps its state beside itself, and a `wandb/` directory in the
#    checkout would shadow the wheel
rm -rf "$out/src" "$out/home" && mkdir -p "$out/src" "$out/home" || die "cannot prepare $out"
cp -r "$WANDB_SRC/tests" "$WANDB_SRC/tools" "$WANDB_SRC/pyproject.toml" "$out/src/" || die "cannot copy $WANDB_SRC"
rm -f "$out"/src/tools/local_wandb_server.state*
wheel=$("$venv/bin/python" -c 'import wandb; print(wandb.__version__)') || die "wandb does not import"
[ "v$wheel" = "$TAG" ] || [ "${MATCH_ANY:-}" ] || die "wheel $wheel does not match $TAG"

# 3. clean environment
for name in $(compgen -e | grep -E '^(WANDB_|PYTEST_)|_proxy$|_PROXY$'); do unset "$name"; done
export PATH="$venv/bin:$PATH" HOME="$out/home" WANDB_ERROR_REPORTING=false NO_PROXY='*' no_proxy='*' PYTHONDONTWRITEBYTECODE=1
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME VIRTUAL_ENV
cd "$out/src" || exit 2
python tools/local_wandb_server.py start --hostname localhost --base-port "$base_port" --fixture-port "$fixture_port" \
    >"$out/connect.log" 2>&1 || { cat "$out/connect.log" >&2; die "server or fixture service not healthy"; }

# 4. tests that cannot run here
skip=()
while read -r test _; do
    case $test in ''|'#'*) ;; *) skip+=("--deselect=$sys/$test") ;; esac
done <"$here/deselect.txt"

started=$(date +%s)
# shellcheck disable=SC2086
python -m pytest $select "${skip[@]}" -n "${WORKERS:-2}" --timeout "${TIMEOUT:-60}" --max-worker-restart 50 -q -p no:cacheprovider \
    -o addopts= -o junit_family=xunit1 --junitxml "$out/junit-$gate.xml" --tb=short "$@" >"$out/pytest-$gate.log" 2>&1
code=$?
[ -s "$out/junit-$gate.xml" ] && [ "$code" -le 1 ] || { tail -n 30 "$out/pytest-$gate.log" >&2; die "pytest ended with $code; see $out"; }

# 5. result
{
    echo "gate $gate, tests $TAG, wandb $wheel, $("$venv/bin/python" -m pip list --format=freeze 2>/dev/null |
        grep -E '^(pytest|pytest-asyncio|pytest-xdist|pytest-timeout)==' | tr '\n' ' ')Python $(python -V | cut -d' ' -f2)," \
        "${WORKERS:-2} workers, $(($(date +%s) - started)) s"
    python "$here/summarize.py" "$out/junit-$gate.xml" --failures "$out/not-passed-$gate.txt"
} | tee "$out/table-$gate.txt"
echo "run.sh: results in $out" >&2
exit "$code"
