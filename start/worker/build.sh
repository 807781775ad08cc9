#!/usr/bin/env bash
# Builds the media worker from the unmodified source inside the mediasoup package, with Debian's libraries and
# the shims next to this script in place of the meson wraps that would be downloaded.
#
#   [LIBSRTP2_SRC=dir] [JOBS=n] build.sh path/to/node_modules/mediasoup path/to/mediasoup-worker
#
# LIBSRTP2_SRC: unpacked source of libsrtp 2.x, built in with OpenSSL. Without it Debian's libsrtp2-dev is
# linked, whose NSS ciphers forward less than half as many packets a second.
set -euo pipefail

[ $# -eq 2 ] || { echo "usage: $0 <mediasoup package folder> <output file>" >&2; exit 2; }
package=$(realpath "$1")
out=$(realpath -m "$2")
shims=$(dirname "$(realpath "$0")")/shims
srtp=${LIBSRTP2_SRC:+$(realpath "$LIBSRTP2_SRC")}

[ -f "$package/worker/meson.build" ] || { echo "no worker source in $package" >&2; exit 2; }

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT
cp -r "$package/worker" "$tmp/worker"
cd "$tmp/worker"

# A wrap whose folder already exists is not downloaded.
for shim in "$shims"/*/; do
  folder=$(sed -n 's/^directory *= *//p' "subprojects/$(basename "$shim").wrap")
  cp -r "$shim" "subprojects/${folder:?}"
done
[ -z "$srtp" ] || cp -r "$srtp" subprojects/libsrtp2

# Debian 12 has meson 1.0.1; the source asks for 1.1.0 but uses nothing of it.
sed -i "s/meson_version: '>= 1.1.0'/meson_version: '>= 1.0.0'/" meson.build

meson setup build --wrap-mode=nodownload --buildtype=release -Db_ndebug=true
ninja -C build -j "${JOBS:-$(nproc)}" mediasoup-worker

# The rename is atomic: a reader sees the whole binary or none, whoever else is building it.
mkdir -p "$(dirname "$out")"
strip -o "$out.$$.tmp" build/mediasoup-worker
mv "$out.$$.tmp" "$out"
echo "built $out ($(stat -c %s "$out") bytes)"
