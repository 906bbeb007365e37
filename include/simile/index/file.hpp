// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/progress.hpp>
#include <simile/index/index_bytes.hpp>
#include <simile/index/loader.hpp>
#include <simile/io/atomic_file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

namespace simile {

namespace detail {

inline void save_file(file_writer const& layout, std::filesystem::path const& path, progress const& watch) {
    std::uint64_t const total = layout.length();
    std::uint64_t done = 0;
    io::atomic_file file(path);
    layout.write([&](std::span<std::byte const> bytes) {
        for (std::size_t piece = file_format::chunk_bytes; !bytes.empty(); bytes = bytes.subspan(piece)) {
            piece = std::min(piece, bytes.size());
            watch.step(done, total);
            file.write(bytes.first(piece));
            done += piece;
        }
    });
    file.commit();
    if (watch.report) watch.report(total, total);
}

}  // namespace detail

/// Saves so that after a crash at any moment the old file or the new one is there, whole.
/// @throws error incomplete, io_failure; cancelled, and the old file stays
inline void save_index(vector_index const& index, std::filesystem::path const& path, progress const& watch = {}) {
    detail::save_file(index.file(), path, watch);
}

/// @throws as from_bytes, and io_failure, cancelled
[[nodiscard]] inline std::shared_ptr<vector_index> load_index(std::filesystem::path const& path,
                                                              verify_level verify = verify_level::checksum, load_limits const& limits = {},
                                                              progress const& watch = {}) {
    std::error_code unreadable;
    std::uint64_t const length = std::filesystem::file_size(path, unreadable);
    std::ifstream file(path, std::ios::binary);
    require(!unreadable && file.is_open(), error_code::io_failure, "cannot open ", path.string(),
            unreadable ? ": " + unreadable.message() : std::string());
    index_loader loader(verify, limits, length);
    std::vector<std::byte> piece(file_format::chunk_bytes);
    for (std::uint64_t done = 0; done < length;) {
        watch.step(done, length);
        file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
        auto const n = static_cast<std::size_t>(file.gcount());
        require(!file.bad() && n > 0, error_code::io_failure, "cannot read ", path.string(), " beyond byte ", done);
        loader.feed(std::span(piece).first(n));
        done += n;
    }
    loader.end();
    if (watch.report) watch.report(length, length);
    return loader.index();
}

}  // namespace simile
