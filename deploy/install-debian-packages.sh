# Installs the named packages, as root, without starting or enabling a service of theirs.
set -eu
export DEBIAN_FRONTEND=noninteractive

# Debian asks this program whether it may start a service; 101 is no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi

apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@"

# Nor when the machine starts next: bin/run and the tests start their own.
if [ -d /run/systemd/system ]; then
    for package in "$@"; do
        dpkg -L "$package" | sed -n 's|.*/systemd/system/\([^@/]*\.service\)$|\1|p' \
            | xargs -r systemctl disable --quiet || true
    done
fi
