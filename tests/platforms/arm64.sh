#!/bin/sh
# The product on 64-bit ARM, as a Raspberry Pi runs it, proved on any Debian by emulation.
#
#   tests/platforms/arm64.sh DIR
#
# Makes a Debian 12 for arm64 under DIR, installs the product there from a folder of wheels and
# without a network, and lets it do its main job: hub, two units, two printers, vouchers redeemed
# with the hub away, units killed, everything sent and settled, and judged by the demo's own judge.
# Every step says how long it took. Steps that are done already are not done again: remove DIR to
# begin anew. Wants root, about 2 GB, a quarter of an hour or more, and from Debian: debootstrap qemu-user-static.
set -eu

[ $# -eq 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
debian=$work/root
binfmt=$work/binfmt
mirror=${MIRROR:-http://deb.debian.org/debian}

say() { printf '%s\n' "$*" >&2; }

# step NAME COMMAND…: once; what it said is in DIR/NAME.log, how long it took in DIR/NAME.seconds
step() {
    name=$1; shift
    [ ! -e "$work/$name.seconds" ] || { say "$name: done before"; return 0; }
    printf '%s … ' "$name" >&2
    began=$(date +%s)
    if ! "$@" >"$work/$name.log" 2>&1; then
        say failed
        tail -n 20 "$work/$name.log" >&2
        exit 1
    fi
    echo $(($(date +%s) - began)) >"$work/$name.seconds"
    say "$(cat "$work/$name.seconds") s"
}

# Programs of another machine are run by QEMU as long as this is registered; "F" opens QEMU now,
# so that it need not lie inside of the other Debian. Magic and mask are those of Debian's package.
register() {
    mkdir -p "$binfmt"
    mountpoint -q "$binfmt" || mount -t binfmt_misc none "$binfmt"
    [ -e "$binfmt/tearoff-arm64" ] || printf '%s' ':tearoff-arm64:M:0:\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' >"$binfmt/register"
}

clean_up() {
    for place in "$debian/proc" "$debian/dev"; do
        mountpoint -q "$place" && umount -l "$place"
    done
    [ ! -e "$binfmt/tearoff-arm64" ] || echo -1 >"$binfmt/tearoff-arm64"
    mountpoint -q "$binfmt" && umount "$binfmt"
    true
}

first_stage() {
    debootstrap --foreign --arch=arm64 --variant=minbase \
        --include=python3,python3-venv,ca-certificates,libzbar0,fonts-wqy-microhei \
        bookworm "$debian" "$mirror"
}

inside() { chroot "$debian" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# Wheels of both tags that a Debian 12 can load; nothing is compiled.
wheels() {
    mkdir -p "$debian/wheels"
    "$source/.venv/bin/python" -m pip download -q --no-deps --require-hashes --only-binary :all: \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
        --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 --platform any \
        -d "$debian/wheels" -r "$source/.ci/locks/demo.txt"
}

copy() {
    mkdir -p "$debian/opt/tearoff"
    git -C "$source" archive HEAD | tar -x -C "$debian/opt/tearoff"
}

install() { inside sh -c 'cd /opt/tearoff && ./run --no-apt --offline /wheels setup demo'; }

facts() {
    inside sh -c 'cd /opt/tearoff && uname -m && .venv/bin/python -VV &&
        .venv/bin/python -m pip list --format freeze |
            grep -iE "^(apsw|cryptography|opencv|zxing|pillow|peewee|flask)" &&
        .venv/bin/tearoff-unit --version'
}

demo() {
    inside sh -c 'cd /opt/tearoff && ./run --no-apt --offline /wheels demo --once --json --patience 10'
}

trap clean_up EXIT
trap 'exit 130' INT TERM
step first-stage first_stage
register
step second-stage inside /debootstrap/debootstrap --second-stage
mountpoint -q "$debian/proc" || mount -t proc proc "$debian/proc"
mountpoint -q "$debian/dev" || mount --rbind --make-rslave /dev "$debian/dev"
step wheels wheels
step copy copy
step install install
step facts facts
step demo demo
cat "$work/facts.log"
say "the demo's judge found nothing"
