# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Node 20.19 or newer (Vite asks for it), with npm. Where the distribution's Node is older, npm's own packaging of Node goes into a private folder.

node_wanted=20.19

# What the distribution has to add: npm alone where a Node came from elsewhere.
absent_node_packages() {
  have node || say nodejs
  have npm || say npm
}

node_is_new_enough() { have node && at_least "$(node --version | tr -d v)" "$node_wanted"; }

private_node() {
  local home=$tools_home/node cpu
  if [ -x "$home/bin/node" ]; then return; fi
  case $(uname -m) in
    x86_64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) die "Node >= $node_wanted is needed, and npm has none for $(uname -m); please install one, then repeat." ;;
  esac
  rm -rf "$home"
  mkdir -p "$home/bin"
  printf '{"private":true}\n' >"$home/package.json"
  watched "$tools_home/log/node.log" "fetching Node 20 and npm from the npm registry" \
    npm install --prefix "$home" --no-audit --no-fund --ignore-scripts --no-save "node-linux-$cpu@20" npm@10
  ln -s "$home/node_modules/npm/bin/npm-cli.js" "$home/bin/npm"
  ln -s "$home/node_modules/npm/bin/npx-cli.js" "$home/bin/npx"
  ln -s "$home/node_modules/node-linux-$cpu/bin/node" "$home/bin/node"
}
