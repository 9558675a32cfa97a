# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev run: everything on this machine, until Ctrl-C. Sourced.

names=()
pids=()

# The settings of this checkout that are made up once and then kept: a new key would orphan every browser's subscription,
# and a new password every open dashboard. What the environment sets is used and not kept.
load_settings() {
  local file=$data/dev.env name value
  if [[ -e $file && ! -r $file ]]; then die "$file belongs to $(stat -c %U "$file"): run ./dev as that user or as root"; fi
  (
    umask 077
    touch "$file"
  )
  while IFS='=' read -r name value; do
    [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    [[ -v $name ]] || export "$name=$value"
  done < "$file"

  if [[ ! -v WebPush__PublicKey && ! -v WebPush__PrivateKey ]]; then
    while IFS='=' read -r name value; do
      case $name in WebPush__PublicKey | WebPush__PrivateKey) keep "$name" "$value" ;; esac
    done < <(dotnet "$worker_dll" vapid || true)
    [[ -v WebPush__PublicKey && -v WebPush__PrivateKey ]] || die "the worker's command vapid made no keys"
  fi
  keep WebPush__Subject mailto:dev@notifier.example
  keep WebPush__AllowLoopback true
  keep Links__SigningKey "$(secret 32)"
  keep Connect__SigningKey "$(secret 32)"
  keep Intake__ApiKeys__0 dev-key
  keep Admin__User admin
  keep Admin__Password "$(secret 12)"
  keep Email__From 'Notifier <notifier@site.example>'

  # Not kept: they follow the address of this run and the place of this checkout.
  export Worker__Urls="${Worker__Urls:-http://127.0.0.1:5080}"
  export Relay__Urls="${Relay__Urls:-http://127.0.0.1:5090}"
  # The demo page's browsers register their devices with the worker.
  export Connect__Origins__0="${Connect__Origins__0:-$(address_of "$Relay__Urls")}"
  export Links__BaseUrl="${Links__BaseUrl:-$(address_of "$Worker__Urls")}"
  export Email__MailFolder="${Email__MailFolder:-$data/mail}"
  export ASPNETCORE_ENVIRONMENT=Development DOTNET_ENVIRONMENT=Development
}

keep() {
  [[ ! -v $1 ]] || return 0
  printf '%s=%s\n' "$1" "$2" >> "$data/dev.env" || die "no disk space, or $data/dev.env is not writable"
  export "$1=$2"
}

secret() { head -c "$1" /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '='; }

# The first address of a setting such as http://+:5080;http://[::1]:5081, as one that can be called from here.
address_of() {
  [[ $1 =~ ^http://(\[[^]]+\]|[^]:/\;]+)(:([0-9]+))? ]] || return 1
  local host=${BASH_REMATCH[1]} port=${BASH_REMATCH[3]:-80}
  case $host in '*' | + | 0.0.0.0 | '[::]') host=127.0.0.1 ;; esac
  echo "http://$host:$port"
}

# split_address URL: sets host and port of the caller, the way /dev/tcp takes them.
split_address() {
  [[ $1 =~ ^http://(.+):([0-9]+)$ ]]
  host=${BASH_REMATCH[1]//[\[\]]/} port=${BASH_REMATCH[2]}
}

need_address() {
  local setting=$1 address host port
  address=$(address_of "$2") || die "$setting: ./dev run can start http:// addresses only, not $2"
  split_address "$address"
  ! port_taken "$host" "$port" || die "port $port is taken on $host: end the program that listens there (another ./dev run?), or set $setting"
}

# build_project PROJECT [ARGS of dotnet build]. A build that succeeds has nothing to say.
build_project() {
  local log
  log=$(mktemp)
  if ! dotnet build "$@" -v:q -nologo -nodeReuse:false < /dev/null > "$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "$1 does not build; see above"
  fi
  rm -f "$log"
}

# start NAME DLL: in a session of its own, so that Ctrl-C reaches this script only, which then ends all in order.
start() {
  local name=$1 dll=$2
  setsid dotnet "$dll" < /dev/null 9>&- &
  names+=("$name")
  pids+=("$!")
}

answers_200() (
  local host port line
  split_address "$1"
  { exec 4<> "/dev/tcp/$host/$port"; } 2> /dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$2" "$host" "$port" >&4
  read -rt 5 line <&4 && [[ $line =~ ^HTTP/1\.[01]\ 200 ]]
)

# All loops that wait throw away their errors: bash would otherwise tell of a killed process in its own words as well.
wait_for() {
  local address=$1 path=$2 name=$3 deadline=$((SECONDS + 60))
  until answers_200 "$address" "$path" || ! all_alive || ((SECONDS >= deadline)); do
    sleep 0.2 || true
  done 2> /dev/null
  all_alive || tell_end
  ((SECONDS < deadline)) || die "the $name is not ready after 60 s: $address$path"
}

ended=

all_alive() {
  for ended in "${!pids[@]}"; do
    kill -0 "${pids[ended]}" 2> /dev/null || return 1
  done
}

tell_end() {
  local status=0
  wait "${pids[ended]}" 2> /dev/null || status=$?
  die "the ${names[ended]} ended by itself, with status $status"
}

stop_all() {
  local status=$? i tries
  # A second Ctrl-C would leave half of it running.
  trap '' INT TERM HUP
  for i in "${!pids[@]}"; do kill -TERM "${pids[i]}" 2> /dev/null || true; done
  for i in "${!pids[@]}"; do
    # The worker gives its current work 30 s.
    for ((tries = 0; tries < 400; tries++)); do
      kill -0 "${pids[i]}" 2> /dev/null || break
      sleep 0.1
    done
    if kill -KILL "${pids[i]}" 2> /dev/null; then say "The ${names[i]} did not stop in 40 s and was killed." >&2; fi
  done
  # After the processes that use it.
  if [[ -n $private ]]; then stop_cluster; fi
  exit "$status"
}

# Two runs would stop each other's database.
lock_run() {
  command -v flock > /dev/null || return 0
  exec 9> "$data/run.lock" || die "$data/run.lock is not writable"
  flock -n 9 || die "another ./dev run is at work in this folder: end it first"
}

print_addresses() {
  local address
  address=$(address_of "$Worker__Urls")
  say ''
  say "  Worker     $address"
  say "  Demo page  $(address_of "$Relay__Urls")   and the relay's address"
  say "  Dashboard  $address/hangfire   user $Admin__User, password $Admin__Password"
  say "  API key    $Intake__ApiKeys__0"
  if [[ -n ${Email__Host:-} ]]; then say "  Mail       by $Email__Host"; else say "  Mail       $Email__MailFolder"; fi
  if [[ -n $private ]]; then
    say "  Database   $pg_bin/psql -h 127.0.0.1 -p $pg_port -U notifier notifier"
  else
    say "  Database   the one of ConnectionStrings__Notifier"
  fi
  say ''
  say '  Ctrl-C ends all of it.'
  say ''
}

# A shell starts what it puts in the background with Ctrl-C ignored, and bash cannot trap what was ignored at its start.
heed_interrupts() {
  local ignored
  ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$$/status" 2> /dev/null) || return 0
  if (((16#${ignored:-0} & 2) != 0)) && env --default-signal=INT true 2> /dev/null; then
    exec env --default-signal=INT "$root/dev" run
  fi
}

# As in production, worker and relay may do only what they need. A database that is configured has the login that it was configured with.
make_logins() {
  [[ -n $private ]] || return 0
  local login role
  while read -r login role; do
    [[ $(private_psql -d notifier -tAc "SELECT 1 FROM pg_roles WHERE rolname = '$login'") == 1 ]] || private_psql -d notifier -c "CREATE ROLE $login LOGIN IN ROLE $role" || die "the login $login could not be made"
  done <<< $'a_worker notifier_worker\na_relay relay_node'
}

as_login() { if [[ -n $private ]]; then say "${ConnectionStrings__Notifier/Username=notifier/Username=$1}"; else say "$ConnectionStrings__Notifier"; fi; }

run() {
  heed_interrupts
  worker_dll=$root/Notifier.Worker/bin/Debug/net10.0/Notifier.Worker.dll
  relay_dll=$root/Notifier.Relay/bin/Debug/net10.0/Notifier.Relay.dll
  need_sdk
  need_room "$data"
  lock_run
  need_address Worker__Urls "${Worker__Urls:-http://127.0.0.1:5080}"
  need_address Relay__Urls "${Relay__Urls:-http://127.0.0.1:5090}"

  trap 'exit 0' INT TERM HUP
  trap stop_all EXIT
  use_database
  say 'Building…'
  build_project Notifier.Worker
  build_project Notifier.Relay
  load_settings
  dotnet "$worker_dll" migrate < /dev/null || exit 1 # it has said why
  make_logins
  ConnectionStrings__Notifier=$(as_login a_worker) start worker "$worker_dll"
  ConnectionStrings__Notifier=$(as_login a_relay) start relay "$relay_dll"
  wait_for "$(address_of "$Worker__Urls")" /health/ready worker
  wait_for "$(address_of "$Relay__Urls")" /health/ready relay
  print_addresses
  while all_alive; do
    sleep 0.5 || true
  done 2> /dev/null
  tell_end
}
