# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev faults: processes killed, servers failing, and a checker. Sourced.

# One of the scenarios shifts a worker's clock.
need_fake_time() {
  ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' > /dev/null || return 0
  may_install || return 0 # those scenarios are skipped, with a line that says so
  apt_install faketime "the scenarios with a wrong clock" || true
}

need_faults() {
  need_postgres
  need_mail_server
  need_fake_time
  need_nats
}

# harness WORKER FOLDER ARGS…: WORKER is the folder of the built worker's project.
harness() {
  "$root/Notifier.Faults/bin/Debug/net10.0/Notifier.Faults" \
    "$1/bin/Debug/net10.0/Notifier.Worker.dll" "$root/Notifier.Relay/bin/Debug/net10.0/Notifier.Relay.dll" "${@:2}" < /dev/null
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
  build_project Notifier.Faults
  if [[ ${1:-} == breakages ]]; then
    need_faults
    breakages "${@:2}"
  else
    run_faults "$@"
  fi
}
