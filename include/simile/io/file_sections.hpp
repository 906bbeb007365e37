// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/io/simile_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile {

/// The sections of a whole `.simile` file in memory, checked as `verify` says; they refer to that memory. For what is read at once; index_loader takes a file
/// in pieces.
class file_sections {
public:
    /// @param order  the sections a reader knows, as a file holds them; others must be marked optional, and are left out
    /// @throws error truncated_file, corrupt_file, unsupported_version, limit_exceeded
    file_sections(std::span<std::byte const> bytes, std::span<section_type const> order, verify_level verify, load_limits const& limits)
        : bytes_(bytes) {
        require(bytes.size() >= file_header::size, error_code::truncated_file, "the file ends at byte ", bytes.size(),
                ", within its header");
        header_ = file_format::decode_header(bytes.first<file_header::size>(), limits);
        require(bytes.size() >= header_.file_length, error_code::truncated_file, "the file has ", bytes.size(), " of ", header_.file_length,
                " bytes");
        require(bytes.size() == header_.file_length, error_code::corrupt_file, "the file has ", bytes.size(), " bytes, by its header ",
                header_.file_length);
        table_ = file_format::decode_table(bytes.subspan(file_header::size, header_.sections * section_entry::size), header_);
        check_order(order);
        check_padding();
        if (verify != verify_level::structure) check_hashes();
    }

    [[nodiscard]] file_header const& header() const noexcept { return header_; }
    /// Empty when it is not there.
    [[nodiscard]] std::span<std::byte const> operator[](section_type type) const noexcept {
        section_entry const* const s = find(type);
        return s == nullptr ? std::span<std::byte const>() : bytes_of(*s);
    }

private:
    [[nodiscard]] section_entry const* find(section_type type) const noexcept {
        auto const at =
            std::find_if(table_.begin(), table_.end(), [&](section_entry const& s) { return s.type == static_cast<std::uint32_t>(type); });
        return at == table_.end() ? nullptr : &*at;
    }
    [[nodiscard]] std::span<std::byte const> bytes_of(section_entry const& s) const noexcept {
        return bytes_.subspan(static_cast<std::size_t>(s.offset), static_cast<std::size_t>(s.length));
    }

    void check_order(std::span<section_type const> order) const {
        std::size_t next = 0;
        for (section_entry const& s : table_) {
            require((s.flags & ~section_entry::optional) == 0, error_code::corrupt_file, "section type ", s.type, " has unknown flags");
            if (s.type == static_cast<std::uint32_t>(section_type::chunks)) {
                require(&s == table_.data(), error_code::corrupt_file, "the hashes of pieces do not come first");
                continue;
            }
            auto const at =
                static_cast<std::size_t>(std::find(order.begin(), order.end(), static_cast<section_type>(s.type)) - order.begin());
            require(at != order.size() || (s.flags & section_entry::optional) != 0, error_code::unsupported_version,
                    "the file needs section type ", s.type, ", which this program does not know");
            if (at == order.size()) continue;
            require(at >= next, error_code::corrupt_file, "section type ", s.type, " is out of order");
            next = at + 1;
        }
    }
    void check_padding() const {
        std::size_t end = file_header::size + table_.size() * section_entry::size;
        for (section_entry const& s : table_) {
            auto const padding = bytes_.subspan(end, static_cast<std::size_t>(s.offset) - end);
            require(std::all_of(padding.begin(), padding.end(), [](std::byte b) { return b == std::byte{0}; }), error_code::corrupt_file,
                    "the padding before byte ", s.offset, " is not zero");
            end = static_cast<std::size_t>(s.offset + s.length);
        }
    }
    /// A long section has the hash of the hashes of its pieces, which lie one after the other in the first section.
    void check_hashes() const {
        std::vector<std::byte> chunks;
        for (section_entry const& s : table_) {
            if (s.type == static_cast<std::uint32_t>(section_type::chunks)) continue;
            auto const own = file_format::chunk_hashes(bytes_of(s));
            require(file_format::section_hash(bytes_of(s), own) == s.hash, error_code::corrupt_file, "the checksum of section type ",
                    s.type, " does not match");
            chunks.insert(chunks.end(), own.begin(), own.end());
        }
        section_entry const* const listed = find(section_type::chunks);
        auto const held = listed == nullptr ? std::span<std::byte const>() : bytes_of(*listed);
        require(std::equal(chunks.begin(), chunks.end(), held.begin(), held.end()) &&
                    (listed == nullptr || file_format::hash(held) == listed->hash),
                error_code::corrupt_file, "the hashes of pieces do not match");
    }

    std::span<std::byte const> bytes_;
    file_header header_;
    std::vector<section_entry> table_;
};

}  // namespace simile
