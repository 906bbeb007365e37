# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: format     Lays out the C++ sources with clang-format, and the web sources as web/package.json says.

run() {
  need_tools
  git ls-files -co --exclude-standard -- '*.hpp' '*.cpp' | tr '\n' '\0' | xargs -0 "$(clang_format)" -i
  npm_ready web
  npm --prefix web run --silent format
}
