#!/bin/bash
# Installs the Debian packages that are still missing.
#   packaging/install.sh GROUP...   (build, test, phones, browsers, faults, package)
set -euo pipefail

declare -A groups=(
  [build]="g++ cmake ninja-build pkg-config libboost1.81-dev libboost-json1.81-dev libssl-dev libspdlog-dev libfmt-dev
           libyaml-cpp-dev libcli11-dev libsofia-sip-ua-dev libsqlite3-dev libseccomp-dev libsystemd-dev libacl1-dev
           libc-ares-dev catch2 openssl python3"
  [test]="clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev iproute2 procps python3-websockets python3-jsonschema python3-yaml
          valgrind prometheus systemd knot kamailio kamailio-outbound-modules kamailio-tls-modules sip-tester stunnel4"
  [phones]="linphone-cli baresip-core sip-tester stunnel4 iproute2 python3"
  [browsers]="chromium libnss3-tools nodejs npm coturn libfaketime linphone-cli iproute2 python3"
  [faults]="libfaketime openssl python3"
  [package]="debhelper fakeroot lintian debootstrap iproute2"
)

missing=()
for group in "$@"; do
  for package in ${groups[$group]:?no such group: $group}; do
    [[ $package = npm ]] && command -v npm >/dev/null && continue # Node.js from elsewhere brings its own
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "These packages are missing; install them as root: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
