// SPDX-License-Identifier: Apache-2.0
// Memory and the reply: the part of the boundary that every module has.
#include "exports.hpp"

#include <cstdlib>

using namespace simile::wasm;

EXPORT(simile_alloc) void* simile_alloc(std::uint32_t size) { return std::malloc(size); }
EXPORT(simile_free) void simile_free(void* pointer) { std::free(pointer); }
EXPORT(simile_reply) void const* simile_reply() { return answer.bytes().data(); }
EXPORT(simile_reply_size) std::uint32_t simile_reply_size() { return static_cast<std::uint32_t>(answer.bytes().size()); }
EXPORT(simile_reply_release) void simile_reply_release() { answer.release(); }
