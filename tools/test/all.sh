#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of ./dev itself: no network, no root, nothing installed.
set -euo pipefail
cd "$(dirname "$0")"
status=0
for file in *_test.sh; do
  echo "$file"
  bash "$file" || status=1
done
exit "$status"
