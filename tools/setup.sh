#!/bin/sh
# Installs what Regatta needs on Debian 12, and nothing that is there already.
#
#   tools/setup.sh build        compiler, libraries, what `make build` and `make demo` need
#   tools/setup.sh build test   also what the tests need
#
# Fast when all is there (one question to the package database). Safe to repeat.
set -eu

build_packages="
  clang-19 lld-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 cmake ninja-build ccache pkg-config make git
  libboost1.81-dev libssl-dev libsqlite3-dev zlib1g-dev libzstd-dev nlohmann-json3-dev libyaml-cpp-dev
  libeigen3-dev libcli11-dev libfmt-dev libspdlog-dev libgtest-dev libgmock-dev libbenchmark-dev libsimdjson-dev libre2-dev
  python3 python3-venv ca-certificates procps"
test_packages="chromium sqlite3 curl llvm-19"

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

wanted=
for part in "$@"; do
  case $part in
    build) wanted="$wanted $build_packages" ;;
    test) wanted="$wanted $test_packages" ;;
    *) die "unknown part '$part': use build or test" ;;
  esac
done
[ -n "$wanted" ] || die "name what to install for: build, test or both"

command -v dpkg-query >/dev/null 2>&1 || die "this is not Debian: install by hand what Debian 12 calls:$(echo $wanted | fold -s -w 90)"

# shellcheck disable=SC2086
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii  *//p' || true)
missing=
for package in $wanted; do
  case "
$have
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
  esac
done

if [ -n "$missing" ]; then
  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || die "these packages are missing and only root can install them:$missing"
    sudo=sudo
  fi
  say "installing$missing"
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # A fresh image has no package lists, an old one has lists that name removed versions.
  $sudo apt-get -q update >"$log" 2>&1 || { cat "$log" >&2; die "apt-get update failed: is the network there?"; }
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing >"$log" 2>&1 </dev/null ||
    { tail -n 40 "$log" >&2; die "apt-get could not install:$missing (Debian 12 with its updates is needed)"; }
  rm -f "$log"
fi

# The web page is built with Node; fetch a pinned one when the machine's own is too old.
"$(dirname "$0")/with_node.sh" true
