# Sourced by Tools/quickstart and Tools/test: what this machine must have, and how a step is shown.
# Expects `set -euo pipefail`, and the repository's root as the working directory.

debian_packages=(liblmdb-dev libzstd-dev)

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# The toolchain cannot be had from apt, so it is asked for and never installed.
need_swift() {
  command -v swift >/dev/null ||
    fail "swift is not on the PATH; install Swift 6.2 or later from https://swift.org/install/linux"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
  [ "$(printf '%s\n6.2\n' "${version:-0}" | sort -V | head -n 1)" = 6.2 ] ||
    fail "Swift ${version:-of an unknown version} is too old; 6.2 or later is needed, see https://swift.org/install/linux"
}

# need_debian PACKAGE...: installs those that are missing, or says the exact line to run.
need_debian() {
  local missing=() package
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian or Ubuntu; install the equivalents of: $*, and take the commands of CONTRIBUTING.md"
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local become=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null ||
      fail "missing packages; run this line, then start again: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    become=(sudo -n)
  fi
  step "install ${missing[*]}" sh -c '"$@" apt-get update -q && exec "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends '"${missing[*]}" sh ${become[@]+"${become[@]}"}
}

# step WORDS COMMAND...: runs it quietly; one line with its seconds when it works, its output when it does not.
# The output is kept in $logs/NUMBER.log.
step_count=0
step() {
  local words=$1 began=$SECONDS
  shift
  step_count=$((step_count + 1))
  log_of_last_step=$logs/$(printf '%02d' "$step_count").log
  if [ -t 1 ]; then printf '… %s' "$words"; fi
  if "$@" >"$log_of_last_step" 2>&1; then
    if [ -t 1 ]; then printf '\r'; fi
    printf '✓ %s (%d s)\n' "$words" $((SECONDS - began))
  else
    local code=$?
    if [ -t 1 ]; then printf '\r'; fi
    printf '✗ %s (exit %d); the end of %s:\n' "$words" "$code" "$log_of_last_step"
    tail -n 60 "$log_of_last_step"
    fail "failed: $words"
  fi
}

# start_server FOLDER: the release build's server on a free loopback port, for the registry of $TESSERA_REGISTRY.
# Sets $server (its process) and $address; its output and log go to FOLDER. It ends with this script at the latest.
# Its queue may hold a second of work instead of 50 ms: where a busy machine stalls, these loads wait rather than be refused.
start_server() {
  server_log=$1/server.log
  "$bin/tessera-server" --port 0 --queue-cost 1000 >"$1/server.out" 2>"$server_log" &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  local tenths
  for tenths in $(seq 300); do
    address=$(sed -n 's/^listening on //p' "$1/server.out")
    [ -z "$address" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$server_log" >&2
  fail "the server did not start within $((tenths / 10)) s; its log is $server_log"
}

# stop_server: asks it to drain; its exit code must be 0.
stop_server() {
  kill -TERM "$server"
  local code=0
  wait "$server" || code=$?
  trap - EXIT
  [ "$code" = 0 ] || fail "the server left with exit code $code when asked to drain; its log is $server_log"
}
