# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables cross the files: dev sources all of them
# ./dev bench: each benchmark with what it is compared with. Sourced.

benchmarks=(attention pipeline ladder shares growth retention email webpush relay nodes browser)

bench() {
  local name names=("${@:-${benchmarks[@]}}")
  need_sdk
  need_room "$data"
  say 'Building…'
  dotnet build Notifier.Benchmarks -c Release -v:q -nologo -nodeReuse:false < /dev/null || die "the build failed; see above"
  need_node_modules "$root/Notifier.Benchmarks"
  # Not the database of ./dev run, which may be at work meanwhile.
  data=$data/bench
  need_room "$data"
  trap 'exit 1' INT TERM HUP
  trap 'if [[ -n $private ]]; then stop_cluster; fi' EXIT
  use_database
  for name in "${names[@]}"; do
    case $name in
      attention | growth | ladder | retention | shares) ;;
      pipeline | nodes) need_nats ;;
      email) need_postfix ;;
      webpush) need_openssl_side ;;
      relay) need_fanout_limit ;;
      browser) need_tool chromium chromium 'the browser' ;;
      *) die "there is no benchmark $name; there are: ${benchmarks[*]}" ;;
    esac
    "$root/Notifier.Benchmarks/bin/Release/net10.0/Notifier.Benchmarks" "$name" < /dev/null || die "the benchmark $name failed; see above"
  done
}

# The server that both sides send to. Debian's package would ask what it is to be, and start it: it is started from a configuration of our own.
need_postfix() {
  [[ ! -x /usr/sbin/postfix ]] || return 0
  may_install || die 'postfix is missing, and cannot be installed here'
  as_root debconf-set-selections <<< 'postfix postfix/main_mailer_type select No configuration'
  apt_install postfix 'the server to send to' || die 'postfix could not be installed; see above'
}

# The limit of Web Push, in C.
need_openssl_side() {
  need_tool gcc gcc 'the limit to compare with'
  echo '#include <openssl/evp.h>' | gcc -E - > /dev/null 2>&1 || apt_install libssl-dev 'the limit to compare with' || die "libssl-dev could not be installed; see above"
  echo '#include <stdio.h>' | gcc -E - > /dev/null 2>&1 || apt_install libc6-dev 'the limit to compare with' || die "libc6-dev could not be installed; see above"
  mkdir -p "$root/artifacts"
  export BENCH_OPENSSL_SIDE=$root/artifacts/openssl_side
  gcc -O2 -Wall -Wextra -Werror -o "$BENCH_OPENSSL_SIDE" Notifier.Benchmarks/WebPush/openssl_side.c -lcrypto || die "the limit in C could not be compiled; see above"
}

# The limit of the fan-out, in C.
need_fanout_limit() {
  need_tool gcc gcc 'the limit to compare with'
  echo '#include <stdio.h>' | gcc -E - > /dev/null 2>&1 || apt_install libc6-dev 'the limit to compare with' || die "libc6-dev could not be installed; see above"
  mkdir -p "$root/artifacts"
  export BENCH_FANOUT_LIMIT=$root/artifacts/fanout_limit
  gcc -O2 -Wall -Wextra -Werror -o "$BENCH_FANOUT_LIMIT" Notifier.Benchmarks/Relay/fanout_limit.c || die "the limit in C could not be compiled; see above"
}
