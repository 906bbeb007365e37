# SPDX-License-Identifier: Apache-2.0
# Toolchain: 64-bit Arm Linux from another machine, by Debian's cross compiler; programs run under qemu-user.
#
# SIMILE_AARCH64 is the folder of what tests need for that processor: see tools/setup/neon.sh.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu "$ENV{SIMILE_AARCH64}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# A processor of 2012's instruction set, so that nothing newer slips in; variants name another.
set(simile_qemu_aarch64 qemu-aarch64 -L /usr/aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR ${simile_qemu_aarch64} -cpu cortex-a53)
