// SPDX-License-Identifier: Apache-2.0
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace simile::test {

/// A `.simile` file taken apart by docs/architecture.md, without the library's own reader, and put together again with right checksums.
struct file_parts {
    struct section {
        std::uint32_t type = 0;
        std::uint32_t flags = 0;
        std::vector<std::byte> bytes;
    };
    std::vector<std::byte> header;  // 64 bytes; counts, lengths and hashes are made anew by `join`
    std::vector<section> sections;
};

template <class T>
[[nodiscard]] T number_at(std::span<std::byte const> bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}
template <class T>
void set_number(std::span<std::byte> bytes, std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

[[nodiscard]] inline std::uint64_t xxh3(std::span<std::byte const> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

/// Makes the header's hash, and that of the table, fit what they cover.
inline void repair_hashes(std::vector<std::byte>& file) {
    std::size_t const table = std::size_t{32} * number_at<std::uint32_t>(file, 20);
    if (64 + table <= file.size()) set_number(std::span(file), 40, xxh3(std::span(file).subspan(64, table)));
    set_number(std::span(file), 56, xxh3(std::span(file).first(56)));
}

[[nodiscard]] inline file_parts take_apart(std::span<std::byte const> file) {
    file_parts parts;
    parts.header.assign(file.begin(), file.begin() + 64);
    for (std::size_t i = 0, n = number_at<std::uint32_t>(file, 20); i < n; ++i) {
        auto const entry = file.subspan(64 + 32 * i, 32);
        auto const bytes = file.subspan(number_at<std::uint64_t>(entry, 8), number_at<std::uint64_t>(entry, 16));
        parts.sections.push_back({number_at<std::uint32_t>(entry, 0), number_at<std::uint32_t>(entry, 4), {bytes.begin(), bytes.end()}});
    }
    return parts;
}

/// Sections of up to 1 MiB only.
[[nodiscard]] inline std::vector<std::byte> join(file_parts const& parts) {
    std::vector<std::byte> file = parts.header;
    file.resize(64 + 32 * parts.sections.size());
    for (std::size_t i = 0; i < parts.sections.size(); ++i) {
        auto const& s = parts.sections[i];
        file.resize((file.size() + 63) / 64 * 64);
        std::size_t const offset = file.size();
        file.insert(file.end(), s.bytes.begin(), s.bytes.end());
        auto const entry = std::span(file).subspan(64 + 32 * i, 32);
        set_number(entry, 0, s.type);
        set_number(entry, 4, s.flags);
        set_number(entry, 8, std::uint64_t{offset});
        set_number(entry, 16, std::uint64_t{s.bytes.size()});
        set_number(entry, 24, xxh3(s.bytes));
    }
    set_number(std::span(file), 20, static_cast<std::uint32_t>(parts.sections.size()));
    set_number(std::span(file), 32, std::uint64_t{file.size()});
    repair_hashes(file);
    return file;
}

}  // namespace simile::test
