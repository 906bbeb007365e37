# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What `./dev test neon` needs to build for 64-bit Arm and to run that here: Debian's cross compiler, qemu-user, Catch2 for that processor, and a folder
# of headers that are the same on all. Only Debian 12 on another processor gets it; elsewhere the step says why it is skipped.

neon_home=$tools_home/aarch64
neon_packages=(g++-aarch64-linux-gnu qemu-user)

# Why the step cannot run here; nothing when it can.
neon_is_missing() {
  case $(uname -m) in aarch64 | arm64) say "this processor runs NEON in the step native" && return ;; esac
  have aarch64-linux-gnu-g++ || { say "there is no aarch64-linux-gnu-g++ (Debian: ${neon_packages[0]})" && return; }
  have qemu-aarch64 || { say "there is no qemu-aarch64 (Debian: ${neon_packages[1]})" && return; }
  [ -f "$neon_home/ready" ] || say "only Debian 12's set-up builds Catch2 for 64-bit Arm"
}

set_up_neon() {
  case $(uname -m) in aarch64 | arm64) return ;; esac
  if ! (apt_install "${neon_packages[@]}"); then
    say "  Without these packages ./dev test neon is skipped."
    return
  fi
  if [ -f "$neon_home/ready" ]; then return; fi
  rm -rf "$neon_home"
  catch2_source
  watched "$tools_home/log/catch2-aarch64-configure.log" "configuring Catch2 for 64-bit Arm" cmake -S "$catch2_work/source" -B "$catch2_work/aarch64" -G Ninja \
    -DCMAKE_TOOLCHAIN_FILE="$root/cmake/aarch64.cmake" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 -DCMAKE_INSTALL_PREFIX="$neon_home" \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_TESTING=OFF -DCATCH_INSTALL_DOCS=OFF
  watched "$tools_home/log/catch2-aarch64-build.log" "building Catch2 for 64-bit Arm (about a minute, once)" \
    cmake --build "$catch2_work/aarch64" --target install
  neon_headers
  touch "$neon_home/ready"
}

# Headers only: /usr/include as a whole would put this machine's C library before the other's.
neon_headers() {
  ln -sfn "$(xsimd_include)/xsimd" "$neon_home/include/xsimd"
  ln -sfn "$(xsimd_include)/xtl" "$neon_home/include/xtl"
  ln -sfn /usr/include/nlohmann "$neon_home/include/nlohmann"
  ln -sfn /usr/include/xxhash.h "$neon_home/include/xxhash.h"
  ln -sfn /usr/include/xxh3.h "$neon_home/include/xxh3.h"
  mkdir -p "$neon_home/lib/cmake/nlohmann_json"
  cat >"$neon_home/lib/cmake/nlohmann_json/nlohmann_jsonConfig.cmake" <<'END'
add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED)
target_include_directories(nlohmann_json::nlohmann_json SYSTEM INTERFACE "${CMAKE_CURRENT_LIST_DIR}/../../../include")
END
}
