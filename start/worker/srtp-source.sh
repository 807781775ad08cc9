#!/usr/bin/env bash
# Fetches and unpacks the source of Debian's libsrtp2 into a folder, without touching the machine's apt setup:
# its own package sources are read as source-code sources from temporary lists.
#
#   srtp-source.sh path/to/folder      the unpacked source is then in path/to/folder/source
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 <folder>" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
mkdir -p sources.d lists/partial cache/archives/partial

for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$file" ] && sed -n 's/^deb[[:space:]]/deb-src /p' "$file" >>sources.d/machine.list
done
for file in /etc/apt/sources.list.d/*.sources; do
  [ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"sources.d/$(basename "$file")"
done

apt=(apt-get -q
  -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$PWD/sources.d"
  -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD/cache"
  -o APT::Sandbox::User=root -o Acquire::Retries=2)
# A third-party list may be broken while Debian's own is fine; what counts is whether the source arrives.
"${apt[@]}" update >&2 || true
"${apt[@]}" source --download-only libsrtp2 >&2
mkdir -p source
tar xf libsrtp2_*.orig.tar.* --strip-components=1 -C source
