#!/usr/bin/env bash
# Install the programs that the tests drive and that are missing, where apt can; otherwise say what to install.
set -euo pipefail
declare -A package=([chromium]=chromium [pdfinfo]=poppler-utils [softhsm2-util]=softhsm2)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "Installing ${missing[*]} …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need these programs: ${missing[*]}. Install them (Debian's names), then run make test again." >&2
  exit 1
fi
