# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# PostgreSQL's programs, and the private cluster of ./dev run. Sourced.

pg_bin=

find_postgres() {
  local folder
  pg_bin=
  # Debian keeps initdb out of PATH. The last of the glob is the newest.
  for folder in /usr/lib/postgresql/*/bin; do
    if has_programs "$folder"; then pg_bin=$folder; fi
  done
  # What the PATH names may be a link to one program out of the folder that holds them all.
  if command -v initdb > /dev/null; then
    folder=$(dirname "$(readlink -f "$(command -v initdb)")")
    if has_programs "$folder"; then pg_bin=$folder; fi
  fi
  [[ -n $pg_bin ]]
}

has_programs() { [[ -x $1/initdb && -x $1/pg_ctl && -x $1/postgres && -x $1/psql ]]; }

need_postgres() {
  find_postgres && return
  command -v apt-get > /dev/null || die "PostgreSQL is missing: install PostgreSQL 15 or later, with initdb on the PATH"
  may_install || die "PostgreSQL is missing, and installing it needs root: sudo apt-get install --no-install-recommends postgresql"
  install_postgres || exit
  find_postgres || die "PostgreSQL was installed, but /usr/lib/postgresql/*/bin/initdb is not there"
}

# Debian's package starts a cluster of its own on 5432. policy-rc.d forbids that; one that is there already is kept.
install_postgres() (
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    # Left behind by a Ctrl-C, it would keep every service that is installed later from starting.
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" > /dev/null
    as_root chmod 755 "$policy"
  fi
  apt_install postgresql "the database" || die "PostgreSQL could not be installed; see above"
)

pg_user=
pg_data=
pg_port=
private=

# PostgreSQL refuses to run as root. It also complains about a current folder that it may not enter.
as_postgres() (
  cd /
  if [[ $pg_user == "$(id -un)" ]]; then "$@"; else runuser -u "$pg_user" -- "$@"; fi
)

# Which folder, and who it belongs to: a cluster that is there keeps both.
place_cluster() {
  local away
  pg_user=$(id -un)
  pg_data=$data/postgres
  if ((EUID == 0)); then
    pg_user=postgres
    id postgres > /dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no user postgres: useradd --system postgres"
    # A checkout in a home of mode 700 cannot be reached by user postgres, whatever the mode of the folder itself.
    if ! as_postgres test -x "$data"; then
      away=$(printf '%s' "$root" | sha256sum)
      pg_data=/var/lib/notifier-dev-${away:0:12}
      need_room "$pg_data"
      say "User postgres cannot reach $data: the database is in $pg_data instead."
    fi
  fi
  if [[ -s $pg_data/PG_VERSION ]]; then
    pg_user=$(stat -c %U "$pg_data")
    ((EUID == 0)) || [[ $pg_user == "$(id -un)" ]] || die "$pg_data belongs to $pg_user: run ./dev as that user or as root"
    match_version
  fi
}

# A cluster can be run by the major version that made it only.
match_version() {
  local version
  version=$(as_postgres cat "$pg_data/PG_VERSION")
  [[ $("$pg_bin/postgres" --version) =~ \ $version(\.|[a-z]) ]] && return
  [[ -x /usr/lib/postgresql/$version/bin/postgres ]] || die "$pg_data was made by PostgreSQL $version, which is not here any more: install it, or remove the folder"
  pg_bin=/usr/lib/postgresql/$version/bin
}

make_cluster() {
  local log
  [[ -s $pg_data/PG_VERSION ]] && return
  say "Making a private PostgreSQL in $pg_data…"
  rm -rf "$pg_data"
  mkdir -m 700 "$pg_data"
  if ((EUID == 0)); then chown "$pg_user" "$pg_data"; fi
  # Another encoding, or the machine's own locale, would sort and compare differently from the servers this runs on.
  if ! log=$(as_postgres "$pg_bin/initdb" -D "$pg_data" -U notifier --auth=trust -E UTF8 --locale=C.UTF-8 2>&1); then
    # Half a cluster would be taken for a whole one at the next start.
    rm -rf "$pg_data"
    die "PostgreSQL could not make its files: $(tail -n 1 <<< "$log")"
  fi
}

# The process id in postmaster.pid may have gone to another program since a crash, and PostgreSQL would then refuse
# to start: only a process that works in this very folder is ours.
cluster_runs() {
  local pid
  pid=$(as_postgres head -n 1 "$pg_data/postmaster.pid" 2> /dev/null) || return 1
  if [[ -d /proc/self ]]; then
    [[ $(as_postgres readlink "/proc/$pid/cwd" 2> /dev/null) == "$(as_postgres readlink -f "$pg_data")" ]]
  else
    kill -0 "$pid" 2> /dev/null
  fi
}

start_cluster() {
  local log=$pg_data/server.log
  if cluster_runs; then
    # Left over from a run that was killed: it is as good as a new one, and ends with this run.
    pg_port=$(as_postgres sed -n 4p "$pg_data/postmaster.pid")
    return
  fi
  as_postgres rm -f "$pg_data/postmaster.pid"
  pg_port=$(as_postgres cat "$pg_data/notifier.port" 2> /dev/null || true)
  if [[ -z $pg_port ]] || port_taken 127.0.0.1 "$pg_port"; then
    pg_port=$(free_port)
    as_postgres tee "$pg_data/notifier.port" <<< "$pg_port" > /dev/null || die "no disk space, or $pg_data is not writable"
  fi
  # No Unix socket: its path may not be longer than 107 bytes, and a checkout can lie deeper than that.
  without_descriptors as_postgres "$pg_bin/pg_ctl" -D "$pg_data" -l "$log" -w -t 60 -s \
    -o "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c port=$pg_port" start \
    < /dev/null > /dev/null 2>&1 \
    || die "PostgreSQL did not start: $(as_postgres grep -E 'FATAL|PANIC' "$log" | tail -n 1) (all of it: $log)"
}

stop_cluster() {
  cluster_runs || return 0
  as_postgres "$pg_bin/pg_ctl" -D "$pg_data" -m fast -w -t 60 -s stop < /dev/null || say "PostgreSQL did not stop in 60 s." >&2
}

private_psql() { "$pg_bin/psql" -X -q -h 127.0.0.1 -p "$pg_port" -U notifier "$@"; }

make_database() {
  local there
  there=$(private_psql -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = 'notifier'") || die "PostgreSQL on port $pg_port does not answer"
  [[ $there == 1 ]] || private_psql -d postgres -c 'CREATE DATABASE notifier' || die "the database notifier could not be made"
}

# The database that is configured, or a private one below $data, which whoever calls this stops at its end.
use_database() {
  [[ -z ${ConnectionStrings__Notifier:-} ]] || return 0
  need_postgres
  private=1
  place_cluster
  make_cluster
  start_cluster
  make_database
  export ConnectionStrings__Notifier="Host=127.0.0.1;Port=$pg_port;Database=notifier;Username=notifier"
}
