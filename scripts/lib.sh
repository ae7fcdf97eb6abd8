# What the scripts of this folder have in common. To be sourced by bash.
# shellcheck shell=bash

scripts=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
checkout=$(dirname -- "$scripts")
venv=$checkout/.venv

say() { printf 'kshare: %s\n' "$*" >&2; }

# die CODE MESSAGE
die() {
  local code=$1
  shift
  say "$@"
  exit "$code"
}

# Prints a command so that it can be pasted.
quoted() {
  local words
  printf -v words ' %q' "$@"
  printf '%s\n' "${words# }"
}

# Runs a command as root: directly, by sudo without a question, or by sudo that asks on the terminal, which may be there
# though neither input nor output is one. $root_hint, where set, is what a user without rights is told to run instead.
as_root() {
  local hint=${root_hint:-$(quoted "$@")} why='this user has none'
  if ((EUID == 0)); then
    "$@"
    return
  fi
  if command -v sudo >/dev/null && ! sudo -n true 2>/dev/null; then
    if { : </dev/tty; } 2>/dev/null; then
      say "root's rights are needed, and sudo asks for the password" 2>/dev/tty
      sudo -v && why=
    else
      why='sudo asks for a password, for which there is no terminal'
    fi
  elif command -v sudo >/dev/null; then
    why=
  fi
  [[ -z $why ]] || die 2 "root's rights are needed, and $why. Run this as root, then try again: $hint"
  sudo -- "$@"
}

has_package() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# True where the package lists that are here offer the package.
can_have_package() {
  command -v apt-cache >/dev/null && [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]
}

# Once per run at most: several helpers may want fresh lists.
apt_update() {
  [[ -z ${apt_updated:-} ]] || return 0
  say 'fetching the package lists (apt-get update)'
  # A list that cannot be had may be one that is not needed: apt-get install decides.
  as_root apt-get -qq update >&2 || say 'apt-get update reported errors'
  apt_updated=1
}

# need_packages PACKAGE...: installs those that are missing, and says so first.
need_packages() {
  local package missing=()
  if command -v dpkg-query >/dev/null; then
    for package; do has_package "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
  else
    missing=("$@")
  fi
  command -v apt-get >/dev/null ||
    die 2 "this machine has no apt-get. Install what provides these Debian packages, then try again: ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive)
  # Without systemd a package would start its own daemon here, beyond anybody's care.
  [[ -d /run/systemd/system ]] || install+=(RUNLEVEL=1)
  install+=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
  say "about to install with apt-get: ${missing[*]}"
  # Asked for now, while a question can still be seen.
  root_hint="apt-get install --no-install-recommends ${missing[*]}" as_root true
  local log
  log=$(mktemp)
  # Lists that are missing or too old make the first attempt fail.
  if ! as_root "${install[@]}" >"$log" 2>&1 </dev/null; then
    apt_update
    if ! as_root "${install[@]}" >"$log" 2>&1 </dev/null; then
      tail -n 20 -- "$log" >&2
      rm -f -- "$log"
      die 2 "could not be installed: ${missing[*]}"
    fi
  fi
  rm -f -- "$log"
}

# Chromium, by Debian's name or another, and fonts with Chinese letters.
need_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    ! command -v "$name" >/dev/null || break
  done
  command -v "$name" >/dev/null || need_packages chromium
  need_packages fontconfig fonts-noto-cjk
}

# Sets $python: the newest Python from 3.11 on. A name on PATH proves nothing (a shim may lead nowhere): each is run.
find_python() {
  [[ -z ${python:-} ]] || return 0
  local name
  for name in python3.14 python3.13 python3.12 python3.11 python3; do
    python=$("$name" -IS -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null) || python=
    [[ -z $python ]] || return 0
  done
  for name in python3.14 python3.13 python3.12 python3.11; do
    ! can_have_package "$name-venv" ||
      die 2 "Python 3.11 or newer is needed. Run this, then try again: sudo apt-get install $name $name-venv"
  done
  die 2 'Python 3.11 or newer is needed, and apt offers none here. Install it, then try again'
}

# What the set-up depends on. The path counts too: an environment that was moved does not work.
venv_stamp() {
  {
    cat -- "$checkout/requirements.lock" "$checkout/pyproject.toml"
    "$venv/bin/python" -IS -c 'import sys; print(sys.version)'
    printf '%s\n' "$checkout"
  } 2>/dev/null | sha256sum
}

# Makes .venv as requirements.lock says, unless it is so already.
ensure_venv() {
  local lock
  # The lock file itself carries the lock, so that two runs do not set up at once.
  exec {lock}<"$checkout/requirements.lock"
  flock "$lock"
  if [[ ! -r $venv/.kshare-stamp || $(<"$venv/.kshare-stamp") != "$(venv_stamp)" ]]; then
    set_up_venv
  fi
  exec {lock}<&-
}

set_up_venv() {
  local log
  find_python
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    [[ $python == /usr/bin/* ]] ||
      die 2 "$python lacks the modules venv and ensurepip. Use a complete Python 3.11 or newer"
    need_packages "$("$python" -IS -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))')"
  fi
  say 'setting up .venv from requirements.lock (once)'
  log=$(mktemp)
  # Begun anew whenever the last set-up did not reach its end.
  rm -f -- "$venv/.kshare-stamp"
  if "$python" -m venv --clear -- "$venv" >"$log" 2>&1 &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --require-hashes -r "$checkout/requirements.lock" >>"$log" 2>&1 </dev/null &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --no-deps --no-build-isolation -e "$checkout" >>"$log" 2>&1 </dev/null; then
    rm -f -- "$log"
    venv_stamp >"$venv/.kshare-stamp"
  else
    tail -n 40 -- "$log" >&2
    rm -f -- "$log"
    die 2 'setting up .venv failed, see above. The next run begins it anew'
  fi
}

# endpoint PYTHON [OPTION...]: where the engine is, see kshare_docs/machine/endpoint.py. To be called in a subshell,
# which it replaces. Neither the caller's folder nor PYTHONPATH has a say in what is imported, and root leaves no
# compiled files in a user's checkout.
endpoint() {
  exec env PYTHONPATH="$checkout" "$1" -BP -m kshare_docs.machine.endpoint "${@:2}"
}

# confine GROUP: of processes and memory, all containers below this cgroup together get so much. They cannot see it:
# each sees the limits of its own cgroup, as a reader does. As root; where a controller is missing, without it.
confine() {
  local top memory
  memory=$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 * 3 / 4 }' /proc/meminfo)
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    { echo '+pids' && echo '+memory'; } >/sys/fs/cgroup/cgroup.subtree_control || true
  fi
  for top in /sys/fs/cgroup{,/pids,/memory}; do
    { [[ -e $top/cgroup.procs ]] && mkdir -p -- "$top/$1"; } || continue
    [[ ! -e $top/$1/pids.max ]] || echo 16384 >"$top/$1/pids.max" || true
    [[ ! -e $top/$1/memory.max ]] || echo "$memory" >"$top/$1/memory.max" || true
    [[ ! -e $top/$1/memory.limit_in_bytes ]] || echo "$memory" >"$top/$1/memory.limit_in_bytes" || true
  done
} 2>/dev/null

# shut_off -I|-D BRIDGE: begin or end that containers on this bridge reach no service of this machine, but for names,
# nor what a cloud tells its machines at 169.254.169.254. They are told that nothing listens there. As root.
shut_off() {
  local status=0
  iptables -w "$1" INPUT -i "$2" -p tcp ! --dport 53 -m conntrack --ctstate NEW -j REJECT \
    --reject-with tcp-reset || status=1
  iptables -w "$1" INPUT -i "$2" -p udp ! --dport 53 -m conntrack --ctstate NEW -j REJECT || status=1
  iptables -w "$1" FORWARD -i "$2" -d 169.254.0.0/16 -j REJECT || status=1
  return "$status"
} 2>/dev/null
