# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# What every command of ./dev needs. Sourced; $root is the repository's root and the current folder.

data=$root/.data

say() { printf '%s\n' "$*"; }

die() {
  printf './dev: %s\n' "$*" >&2
  exit 1
}

# dotnet keeps build servers alive for the next build. A script that ends must leave nothing running,
# and a server would also hold the script's open files. MSBuild reads properties from the environment.
quiet_dotnet() {
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
  export DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false UseRazorBuildServer=false
  # The test summary is read by this script, so it must be in a language this script knows.
  export DOTNET_CLI_UI_LANGUAGE=en
}

need_sdk() {
  local answer
  command -v dotnet > /dev/null || die "the .NET SDK is missing: install .NET 10 from https://dotnet.microsoft.com/download"
  quiet_dotnet
  # Fails where global.json asks for a newer SDK than is there; the SDK's own words are many lines.
  answer=$(dotnet --version 2>&1) || die "the .NET SDK here does not fit global.json (10.0.100 or later of .NET 10 is needed): $(head -n 1 <<< "$answer")"
}

# A cluster, the build and room to work: less than this ends in half-written files and confusing errors.
least_megabytes=300

need_room() {
  local folder=$1 free
  mkdir -p "$folder" 2> /dev/null || die "$folder cannot be created: is the folder above it writable for $(id -un)?"
  { : > "$folder/.writable"; } 2> /dev/null || die "$folder is not writable for $(id -un)"
  rm -f "$folder/.writable"
  free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
  ((free >= least_megabytes)) || die "no disk space: $free MB free at $folder, $least_megabytes MB needed"
}

# bash opens the connection itself, so that a machine without curl or nc will do.
port_taken() { (: <> "/dev/tcp/$1/$2") 2> /dev/null; }

# Below the range from which the kernel gives out ports of its own, so that no passing connection holds it.
free_port() {
  local port try
  for try in {1..100}; do
    port=$((20000 + RANDOM % 10000))
    port_taken 127.0.0.1 "$port" || break
    ((try < 100)) || die "found no free port between 20000 and 29999"
  done
  echo "$port"
}

# without_descriptors COMMAND…: for what outlives this script. Whatever our caller left open besides the standard three
# is handed on otherwise: locks stay held, and who reads a pipe to its end waits for a server to stop.
without_descriptors() (
  local descriptor
  for descriptor in "/proc/$BASHPID/fd"/*; do
    descriptor=${descriptor##*/}
    if [[ $descriptor =~ ^[0-9]+$ ]] && ((descriptor > 2)); then exec {descriptor}>&-; fi
  done
  "$@"
)

# Runs a command as root where that is possible without asking anybody.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_install() {
  command -v apt-get > /dev/null || return 1
  ((EUID == 0)) || sudo -n true 2> /dev/null
}

# apt_install PACKAGE WHY
apt_install() {
  local package=$1 log
  say "Installing $package ($2)…"
  log=$(mktemp)
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package"; } < /dev/null > "$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
