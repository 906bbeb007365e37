# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: package    Leaves web/simile-<version>.tgz, what npm install would get.

run() {
  need_tools
  build_package
  say "The package: $(echo web/simile-*.tgz)"
}
