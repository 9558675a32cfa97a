# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev faults: processes killed, servers failing, and a checker. Sourced.

# One of the scenarios shifts a worker's clock.
need_fake_time() {
  ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' > /dev/null || return 0
  may_install || return 0 # those scenarios are skipped, with a line that says so
  apt_install faketime "the scenarios with a wrong clock" || true
}

built=Debug

need_faults() {
  need_postgres
  need_mail_server
  need_fake_time
  need_nats
}

# harness WORKER FOLDER ARGS…: WORKER is the folder of the built worker's project.
harness() {
  "$root/Notifier.Faults/bin/$built/net10.0/Notifier.Faults" \
    "$1/bin/$built/net10.0/Notifier.Worker.dll" "$root/Notifier.Relay/bin/$built/net10.0/Notifier.Relay.dll" "${@:2}" < /dev/null
}

# run_faults [--seed N] [--jobs N] [SCENARIO…]
run_faults() {
  need_faults
  harness "$root/Notifier.Worker" "$data/faults" "$@"
}

faults() {
  need_sdk
  need_room "$data"
  say 'Building…'
  # What holds a load is the program as it is shipped. What breaks is easier to read as it is built for tests.
  if [[ " $* " == *' soak '* ]]; then built=Release; fi
  build_project Notifier.Faults -c "$built"
  if [[ ${1:-} == breakages ]]; then
    need_faults
    breakages "${@:2}"
  else
    run_faults "$@"
  fi
}
