// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// The layout of a `.simile` file, version 1: header, section table, sections in order of worth. Formats only; what is in a section is the
/// business of the index. docs/architecture.md has the tables.
namespace simile {

static_assert(std::endian::native == std::endian::little, "files hold codes as they lie in memory, which is little endian");

enum class section_type : std::uint32_t {
    chunks = 1,
    metadata = 2,
    coding = 3,
    lists = 4,
    plane0 = 16,
    norms = 17,
    ids = 18,
    plane1 = 19,
    plane2 = 20,
    plane3 = 21,
    correction = 24,
    relevance = 25,
    first_pass = 32,
    documents = 33,
    tokens = 34,
    token_factors = 35,
    first_pass_index = 36,
    posting_terms = 40,
    posting_starts = 41,
    posting_blocks = 42,
    postings = 43,
    row_lengths = 44,
    lexicon = 45
};

/// How much of a file is checked before it is used.
enum class verify_level : std::uint8_t {
    structure,  ///< header, table, lengths: enough that no search reads out of bounds, whatever the bytes are
    checksum,   ///< and every byte against its checksum
    full,       ///< and the contents: numbers finite, ids UTF-8 and different
};

/// What a load may ask for; anything beyond is refused with `limit_exceeded` before memory is taken.
struct load_limits {
    std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t max_rows = std::numeric_limits<row_t>::max() - 1;
    std::uint32_t max_dims = static_cast<std::uint32_t>(simile::max_dims);
    std::uint32_t max_sections = 64;
};

struct file_header {
    static constexpr std::size_t size = 64;
    static constexpr std::uint16_t current_version = 1;
    static constexpr std::array<unsigned char, 8> magic = {0x89, 'S', 'I', 'M', 'L', '\r', '\n', 0x1A};

    static constexpr std::uint8_t flat = 1;
    static constexpr std::uint8_t progressive = 2;
    static constexpr std::uint8_t documents = 3;  ///< of several vectors: multi_vector_index
    static constexpr std::uint8_t sparse = 4;     ///< sparse_index, text::bm25_index

    std::uint16_t version = current_version;
    std::uint8_t kind = 0;
    std::uint8_t codec = 0;
    std::uint8_t similarity = 0;
    std::uint8_t flags = 0;
    std::uint32_t dims = 0;
    std::uint32_t sections = 0;
    std::uint64_t rows = 0;
    std::uint64_t file_length = 0;
    std::uint64_t table_hash = 0;
};

struct section_entry {
    static constexpr std::size_t size = 32;
    static constexpr std::uint32_t optional = 1;

    std::uint32_t type = 0;
    std::uint32_t flags = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t hash = 0;
};

namespace file_format {

inline constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 20;
inline constexpr std::uint64_t alignment = 64;

[[nodiscard]] inline std::uint64_t hash(std::span<std::byte const> bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }
[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t offset) noexcept { return (offset + alignment - 1) / alignment * alignment; }
/// Pieces of 1 MiB a longer section is hashed in; 0 for one that is hashed whole.
[[nodiscard]] constexpr std::uint64_t chunk_count(std::uint64_t length) noexcept {
    return length <= chunk_bytes ? 0 : (length - 1) / chunk_bytes + 1;
}

template <class T>
void put(std::byte* at, T value) noexcept {
    for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::byte>(value >> (8 * i) & 0xFFU);
}
template <class T>
[[nodiscard]] T get(std::byte const* at) noexcept {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(at[i]) << (8 * i)));
    return value;
}

[[nodiscard]] inline std::array<std::byte, file_header::size> encode(file_header const& h) noexcept {
    std::array<std::byte, file_header::size> out{};
    std::memcpy(out.data(), file_header::magic.data(), 8);
    put(&out[8], h.version);
    put(&out[10], h.kind);
    put(&out[11], h.codec);
    put(&out[12], h.similarity);
    put(&out[13], h.flags);
    put(&out[16], h.dims);
    put(&out[20], h.sections);
    put(&out[24], h.rows);
    put(&out[32], h.file_length);
    put(&out[40], h.table_hash);
    put(&out[56], hash(std::span(out).first(56)));
    return out;
}

/// @throws error corrupt_file, unsupported_version, limit_exceeded
[[nodiscard]] inline file_header decode_header(std::span<std::byte const, file_header::size> bytes, load_limits const& limits) {
    require(std::memcmp(bytes.data(), file_header::magic.data(), 8) == 0, error_code::corrupt_file,
            "not a .simile file: it does not begin with the magic bytes");
    require(get<std::uint64_t>(&bytes[56]) == hash(bytes.first(56)), error_code::corrupt_file, "the header's checksum does not match");
    file_header h;
    h.version = get<std::uint16_t>(&bytes[8]);
    require(h.version == file_header::current_version, error_code::unsupported_version, "the file has version ", h.version,
            ", this program reads version ", file_header::current_version);
    h.kind = get<std::uint8_t>(&bytes[10]);
    h.codec = get<std::uint8_t>(&bytes[11]);
    h.similarity = get<std::uint8_t>(&bytes[12]);
    h.flags = get<std::uint8_t>(&bytes[13]);
    h.dims = get<std::uint32_t>(&bytes[16]);
    h.sections = get<std::uint32_t>(&bytes[20]);
    h.rows = get<std::uint64_t>(&bytes[24]);
    h.file_length = get<std::uint64_t>(&bytes[32]);
    h.table_hash = get<std::uint64_t>(&bytes[40]);
    require(get<std::uint16_t>(&bytes[14]) == 0 && get<std::uint64_t>(&bytes[48]) == 0 && h.flags <= 1, error_code::corrupt_file,
            "the header has bits that version 1 does not know");
    require(h.file_length <= limits.max_bytes, error_code::limit_exceeded, "the file has ", h.file_length, " bytes, the limit is ",
            limits.max_bytes);
    require(h.rows <= limits.max_rows, error_code::limit_exceeded, "the file has ", h.rows, " rows, the limit is ", limits.max_rows);
    require(h.dims <= limits.max_dims, error_code::limit_exceeded, "the file has ", h.dims, " dimensions, the limit is ", limits.max_dims);
    require(h.sections <= limits.max_sections, error_code::limit_exceeded, "the file has ", h.sections, " sections, the limit is ",
            limits.max_sections);
    require(h.file_length >= file_header::size + h.sections * std::uint64_t{section_entry::size}, error_code::corrupt_file, "a file of ",
            h.file_length, " bytes has no room for ", h.sections, " sections");
    return h;
}

/// Reads the table and checks that the sections follow one another without overlap or hole up to the end of the file.
/// @throws error corrupt_file
[[nodiscard]] inline std::vector<section_entry> decode_table(std::span<std::byte const> bytes, file_header const& header) {
    require(hash(bytes) == header.table_hash, error_code::corrupt_file, "the section table's checksum does not match");
    std::vector<section_entry> table(header.sections);
    std::uint64_t end = file_header::size + bytes.size();
    for (std::size_t i = 0; i < table.size(); ++i) {
        std::byte const* const at = bytes.data() + i * section_entry::size;
        section_entry const s{get<std::uint32_t>(at), get<std::uint32_t>(at + 4), get<std::uint64_t>(at + 8), get<std::uint64_t>(at + 16),
                              get<std::uint64_t>(at + 24)};
        require(s.offset == aligned(end) && s.length > 0 && s.offset <= header.file_length && s.length <= header.file_length - s.offset,
                error_code::corrupt_file, "section ", i, " does not lie behind the one before it");
        require(i == 0 || std::none_of(table.begin(), table.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](section_entry const& o) { return o.type == s.type; }),
                error_code::corrupt_file, "section type ", s.type, " stands twice");
        end = s.offset + s.length;
        table[i] = s;
    }
    require(end == header.file_length, error_code::corrupt_file, "the sections end at byte ", end, ", the file at ", header.file_length);
    return table;
}

/// Hashes of the 1 MiB pieces of a section, one after the other; empty for a short one.
[[nodiscard]] inline std::vector<std::byte> chunk_hashes(std::span<std::byte const> section) {
    std::vector<std::byte> out(static_cast<std::size_t>(8 * chunk_count(section.size())));
    for (std::size_t i = 0; i < out.size() / 8; ++i) {
        std::size_t const begin = i * static_cast<std::size_t>(chunk_bytes);
        put(&out[8 * i], hash(section.subspan(begin, std::min<std::size_t>(chunk_bytes, section.size() - begin))));
    }
    return out;
}
[[nodiscard]] inline std::uint64_t section_hash(std::span<std::byte const> section, std::span<std::byte const> chunks) noexcept {
    return hash(chunks.empty() ? section : chunks);
}

}  // namespace file_format

/// Puts sections together into a file. Sections are read when `write` runs, so they must live until then.
class file_writer {
public:
    explicit file_writer(file_header header) : header_(header) {}

    /// Empty sections are left out.
    void add(section_type type, std::span<std::byte const> bytes) {
        if (!bytes.empty()) sections_.push_back({type, bytes, 0});
    }
    /// The same for bytes that are made for the file; the writer keeps them.
    void add_owned(section_type type, std::vector<std::byte> bytes) {
        owned_.push_back(std::move(bytes));
        add(type, owned_.back());
    }

    /// The same, before section `next` (at the end when there is none).
    /// @param flags  section_entry::optional for what a reader may skip
    void insert_owned(section_type type, section_type next, std::vector<std::byte> bytes, std::uint32_t flags) {
        if (bytes.empty()) return;
        owned_.push_back(std::move(bytes));
        auto const at = std::find_if(sections_.begin(), sections_.end(), [&](part const& p) { return p.type == next; });
        sections_.insert(at, {type, owned_.back(), flags});
    }

    /// Gives the file to `sink(std::span<std::byte const>)`, front to back. May be called again and gives the same bytes.
    template <class Sink>
    void write(Sink&& sink) const {
        auto const [header, table, sections] = lay_out();
        static constexpr std::array<std::byte, file_format::alignment> zeros{};
        sink(std::span<std::byte const>(header));
        sink(std::span<std::byte const>(table));
        std::uint64_t end = header.size() + table.size();
        for (auto const& section : sections) {
            sink(std::span(zeros).first(static_cast<std::size_t>(file_format::aligned(end) - end)));
            sink(section);
            end = file_format::aligned(end) + section.size();
        }
    }

    /// Bytes of the file.
    [[nodiscard]] std::uint64_t length() const noexcept {
        std::uint64_t count = sections_.size(), chunks = 0;
        for (part const& p : sections_) chunks += file_format::chunk_count(p.bytes.size());
        if (chunks != 0) ++count;
        std::uint64_t end = file_header::size + count * section_entry::size;
        if (chunks != 0) end = file_format::aligned(end) + 8 * chunks;
        for (part const& p : sections_) end = file_format::aligned(end) + p.bytes.size();
        return end;
    }

private:
    struct part {
        section_type type;
        std::span<std::byte const> bytes;
        std::uint32_t flags = 0;
    };
    struct view {
        std::array<std::byte, file_header::size> header;
        std::vector<std::byte> table;
        std::vector<std::span<std::byte const>> sections;
    };

    // Chunk hashes come first: whoever reads front to back can check every piece as it comes.
    [[nodiscard]] view lay_out() const {
        std::vector<part> parts = sections_;
        chunks_.clear();
        std::vector<std::uint64_t> hashes;
        for (part const& p : parts) {
            auto const chunks = file_format::chunk_hashes(p.bytes);
            hashes.push_back(file_format::section_hash(p.bytes, chunks));
            chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
        }
        if (!chunks_.empty()) {
            parts.insert(parts.begin(), {section_type::chunks, chunks_, 0});
            hashes.insert(hashes.begin(), file_format::hash(chunks_));
        }
        view out;
        out.table.resize(parts.size() * section_entry::size);
        std::uint64_t end = file_header::size + out.table.size();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            std::byte* const at = out.table.data() + i * section_entry::size;
            std::uint64_t const offset = file_format::aligned(end);
            file_format::put(at, static_cast<std::uint32_t>(parts[i].type));
            file_format::put(at + 4, parts[i].flags);
            file_format::put(at + 8, offset);
            file_format::put(at + 16, std::uint64_t{parts[i].bytes.size()});
            file_format::put(at + 24, hashes[i]);
            out.sections.push_back(parts[i].bytes);
            end = offset + parts[i].bytes.size();
        }
        file_header header = header_;
        header.sections = static_cast<std::uint32_t>(parts.size());
        header.file_length = end;
        header.table_hash = file_format::hash(out.table);
        out.header = file_format::encode(header);
        return out;
    }

    file_header header_;
    std::vector<part> sections_;
    std::vector<std::vector<std::byte>> owned_;
    mutable std::vector<std::byte> chunks_;
};

}  // namespace simile
