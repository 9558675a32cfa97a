# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev test and ./dev check. Sourced.

# The tests need an SMTP server that is not ours, in the Python that Debian's packages are for.
need_mail_server() {
  ! /usr/bin/python3 -c 'import aiosmtpd' 2> /dev/null || return 0
  if may_install; then
    apt_install python3-aiosmtpd "the tests' mail server" || die "python3-aiosmtpd could not be installed; see above"
  else
    say "The tests' mail server is missing: install the package python3-aiosmtpd (as root)." >&2
  fi
}

# Signatures of ours are verified by Debian's python3-dkim.
need_dkim() {
  ! /usr/bin/python3 -c 'import dkim' 2> /dev/null || return 0
  if may_install; then
    apt_install python3-dkim "the tests' verifier of DKIM" || die "python3-dkim could not be installed; see above"
  else
    say "The tests' verifier of DKIM is missing: install the package python3-dkim (as root)." >&2
  fi
}

# The bounces are read from an IMAP server that is not ours. Its own service is not needed: the test starts one from a configuration of its own.
need_imap_server() {
  [[ ! -x /usr/sbin/dovecot ]] || return 0
  if may_install; then
    apt_install dovecot-imapd "the tests' IMAP server" || die "dovecot-imapd could not be installed; see above"
  else
    say "The tests' IMAP server is missing: install the package dovecot-imapd (as root)." >&2
  fi
}

# Its own service is not needed: who needs a server starts one. It lies where only root's PATH looks.
need_nats() {
  [[ -x /usr/sbin/nats-server ]] || need_tool nats-server nats-server 'events and nodes by way of NATS'
}

# need_browser PACKAGE: a browser of another make, or none, would leave much untested.
need_browser() {
  ! command -v "$1" > /dev/null || return 0
  if may_install; then
    apt_install "$1" 'the browser tests' || die "$1 could not be installed; see above"
  else
    say "The browser tests fail without $1: install the package $1 (as root)." >&2
  fi
}

# Ends with the counts of the run's own summary. Green needs a summary that says that something passed.
run_tests() {
  local log passed failed skipped status=0
  need_postgres
  need_mail_server
  need_imap_server
  need_dkim
  need_node_modules "$root/Notifier.Tests"
  need_browser firefox-esr
  need_browser chromium
  need_tool php php-cli 'an example in PHP'
  need_nats
  log=$(mktemp)
  dotnet test "$@" < /dev/null 2>&1 | tee "$log" || status=$?
  passed=$(count succeeded "$log") failed=$(count failed "$log") skipped=$(count skipped "$log")
  rm -f "$log"
  [[ -n $passed && -n $failed ]] || die "the tests did not run to their summary; see above"
  if ((passed == 0 && failed == 0)); then say 'No test ran.' >&2; fi
  # A run can also fail without a failed test: a crash, or a fixture that could not clean up.
  if ((status != 0 && failed == 0)); then say "dotnet test ended with status $status although no test failed; see above" >&2; fi
  if ((${skipped:-0} > 0)); then say "$passed passed, $failed failed, $skipped skipped"; else say "$passed passed, $failed failed"; fi
  ((status == 0 && failed == 0 && passed > 0))
}

# The last summary only: an output of a test may look like one.
count() { awk -v word="$1:" '/^Test run summary:/ { n = "" } $1 == word && NF == 2 && $2 ~ /^[0-9]+$/ { n = $2 } END { print n }' "$2"; }

check_scripts() {
  local scripts=(dev scripts/*.sh .ci/run)
  if ! command -v shellcheck > /dev/null && may_install; then apt_install shellcheck "the check of the scripts" || true; fi
  if ! command -v shellcheck > /dev/null; then
    # What CI did not look at is not green.
    [[ -z ${CI:-} ]] || die "shellcheck is missing and could not be installed"
    say 'shellcheck: skipped, it is not installed and cannot be installed here'
    return
  fi
  shellcheck -x "${scripts[@]}" || die "shellcheck found something; see above"
}

test_all() {
  need_sdk
  need_room "$data"
  run_tests "$@"
}

# What a check leaves out for want of a tool, fails here.
check() {
  export CI=${CI:-1}
  need_sdk
  need_room "$data"
  say 'Packages, as the lock files say…'
  dotnet restore --locked-mode -v:q -nologo < /dev/null || die "the lock files do not fit the projects: run dotnet restore, look at what changed, commit it"
  say 'Format…'
  dotnet format --verify-no-changes < /dev/null || die "the format is off: run dotnet format"
  say 'Build, warnings as errors…'
  dotnet build --no-restore -v:q -nologo -warnaserror -nodeReuse:false < /dev/null || die "the build failed; see above"
  say 'Scripts…'
  check_scripts
  say 'Processes killed, servers failing…'
  run_faults ci || die "a promise was broken; see above, and docs/reliability.md"
  say 'Tests…'
  run_tests --no-build
}
