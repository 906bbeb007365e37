// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/loader.hpp>
#include <simile/index/vector_index.hpp>
#include <simile/io/simile_file.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace simile {

/// A whole file in memory.
[[nodiscard]] inline std::vector<std::byte> to_bytes(file_writer const& file) {
    std::vector<std::byte> out;
    out.reserve(static_cast<std::size_t>(file.length()));
    file.write([&](std::span<std::byte const> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
    return out;
}

/// The `.simile` file of an index. The same index gives the same bytes on every platform.
/// @throws error incomplete (still loading)
[[nodiscard]] inline std::vector<std::byte> to_bytes(vector_index const& index) { return to_bytes(index.file()); }

/// @throws error corrupt_file, truncated_file, unsupported_version, limit_exceeded, out_of_memory
[[nodiscard]] inline std::shared_ptr<vector_index> from_bytes(std::span<std::byte const> bytes,
                                                              verify_level verify = verify_level::checksum,
                                                              load_limits const& limits = {}) {
    index_loader loader(verify, limits, bytes.size());
    loader.feed(bytes);
    loader.end();
    return loader.index();
}

}  // namespace simile
