#!/bin/sh
# Runs a command with a Node on its PATH that is new enough to build web/ (20.19 or later): the machine's own
# when it is, else the one pinned in tools/requirements-node.txt.
#
#   tools/with_node.sh npm ci
set -eu
new_enough() {
  command -v npm >/dev/null 2>&1 && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' >/dev/null 2>&1
}
if ! new_enough; then
  venv=$(python3 "$(dirname "$0")/venv.py" node)
  PATH="$venv/bin:$PATH"
  export PATH
  new_enough || { echo "with_node.sh: $venv/bin/node does not run" >&2; exit 1; }
fi
exec "$@"
