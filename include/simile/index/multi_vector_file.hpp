// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/progress.hpp>
#include <simile/core/utf8.hpp>
#include <simile/index/file.hpp>
#include <simile/index/multi_vector.hpp>
#include <simile/io/atomic_file.hpp>
#include <simile/io/byte_stream.hpp>
#include <simile/io/file_sections.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// Documents of several vectors as a `.simile` file of kind 3: the options of the first pass (none: no such section); the numbers of tokens, u32 a document;
/// the tokens as the codec holds them; the factors of int8 tokens; ids unless they are row numbers; the file of the first pass's index.
/// Codec in the header: that of the tokens. Rows: documents.
namespace simile {

namespace detail {

inline constexpr std::array<section_type, 6> document_sections = {section_type::first_pass, section_type::documents,
                                                                  section_type::tokens,     section_type::token_factors,
                                                                  section_type::ids,        section_type::first_pass_index};
/// Numbers that a file may ask to be drawn for the matrices of a first pass.
inline constexpr std::uint64_t most_drawn = std::uint64_t{1} << 24;

[[nodiscard]] inline std::vector<std::byte> first_pass_bytes(multi_vector_options const& options) {
    if (!options.first_pass) return {};
    quantize::fde_options const& o = *options.first_pass;
    byte_writer out;
    out.u32(static_cast<std::uint32_t>(options.first_pass_codec));
    out.u32(static_cast<std::uint32_t>(o.num_repetitions));
    out.u32(static_cast<std::uint32_t>(o.num_simhash_projections));
    out.u32(static_cast<std::uint32_t>(o.seed));
    out.u32(static_cast<std::uint32_t>(o.seed >> 32));
    out.u32(static_cast<std::uint32_t>(o.projection_type));
    out.u32(static_cast<std::uint32_t>(o.projection_dimension));
    out.u32(o.fill_empty_partitions ? 1 : 0);
    out.u32(static_cast<std::uint32_t>(o.final_projection_dimension));
    return std::move(out.bytes);
}

[[nodiscard]] inline std::uint64_t point_dims(quantize::fde_options const& o) noexcept {
    return o.projection_type == quantize::fde_projection::ams_sketch ? o.projection_dimension : o.dimension;
}
[[nodiscard]] inline std::uint64_t encoded_dims(quantize::fde_options const& o) noexcept {
    return o.final_projection_dimension != 0 ? o.final_projection_dimension
                                             : std::uint64_t{o.num_repetitions} * (point_dims(o) << o.num_simhash_projections);
}

/// Before anything is drawn: a file of some bytes may name a first pass of gigabytes.
inline void check_drawn(quantize::fde_options const& o) {
    std::uint64_t const k = o.num_simhash_projections, repetitions = o.num_repetitions;
    require(k <= 24 && repetitions <= most_drawn && o.projection_dimension <= most_drawn, error_code::corrupt_file, "a first pass of ",
            repetitions, " times 2^", k, " cells");
    std::uint64_t const drawn = repetitions * o.dimension * (k + 2),
                        sketched = o.final_projection_dimension == 0 ? 0 : repetitions * (point_dims(o) << k);
    require(drawn <= most_drawn && point_dims(o) << k <= most_drawn && sketched <= most_drawn, error_code::limit_exceeded,
            "a first pass of ", drawn, " random numbers, the limit is ", most_drawn);
}

inline void read_first_pass(std::span<std::byte const> bytes, multi_vector_options& options) {
    if (bytes.empty()) return;
    byte_reader in(bytes);
    quantize::fde_options o;
    options.first_pass_codec = static_cast<codec_kind>(in.u32());
    o.dimension = options.dims;
    o.num_repetitions = in.u32();
    o.num_simhash_projections = in.u32();
    o.seed = in.u32();
    o.seed |= std::uint64_t{in.u32()} << 32;
    std::uint32_t const projection = in.u32();
    o.projection_type = static_cast<quantize::fde_projection>(projection);
    o.projection_dimension = in.u32();
    std::uint32_t const fill = in.u32();
    o.fill_empty_partitions = fill == 1;
    o.final_projection_dimension = in.u32();
    require(in.at_end() && projection <= 1 && fill <= 1, error_code::corrupt_file, "the options of the first pass are no options");
    check_drawn(o);
    options.first_pass = o;
}

template <class T>
[[nodiscard]] std::vector<T> numbers_of(std::span<std::byte const> bytes) {
    require(bytes.size() % sizeof(T) == 0, error_code::corrupt_file, "a section of ", bytes.size(), " bytes does not hold numbers of ",
            sizeof(T));
    std::vector<T> out(bytes.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}

[[nodiscard]] inline std::shared_ptr<vector_index> read_first_index(file_sections const& file, multi_vector_options const& options,
                                                                    verify_level verify, load_limits const& limits) {
    auto const bytes = file[section_type::first_pass_index];
    require(options.first_pass.has_value() == !bytes.empty(), error_code::corrupt_file,
            "the first pass has no index, or an index no first pass");
    if (!options.first_pass) return nullptr;
    auto index = simile::from_bytes(bytes, verify, limits);
    require(index->dims() == encoded_dims(*options.first_pass), error_code::corrupt_file, "the index of the first pass has ", index->dims(),
            " dimensions");
    return index;
}

[[nodiscard]] inline multi_vector_index read_documents(file_sections const& file, verify_level verify, load_limits const& limits) {
    file_header const& header = file.header();
    require(header.kind == file_header::documents && header.flags == 0, error_code::corrupt_file,
            "the file does not hold documents: use load_index");
    multi_vector_options options{.dims = header.dims,
                                 .similarity = static_cast<similarity_kind>(header.similarity),
                                 .codec = static_cast<token_codec>(header.codec)};
    read_first_pass(file[section_type::first_pass], options);
    auto const counts = numbers_of<std::uint32_t>(file[section_type::documents]);
    require(counts.size() == header.rows, error_code::corrupt_file, counts.size(), " numbers of tokens for ", header.rows, " documents");
    multi_vector_index::state from;
    from.offsets.push_back(0);
    for (std::uint32_t const n : counts) {
        require(n < ~std::uint32_t{0} - from.offsets.back(), error_code::corrupt_file, "documents of more than 2^32 - 2 tokens");
        from.offsets.push_back(from.offsets.back() + n);
    }
    if (options.codec == token_codec::f32)
        from.values = numbers_of<float>(file[section_type::tokens]);
    else
        from.codes = numbers_of<std::int8_t>(file[section_type::tokens]);
    from.factors = numbers_of<float>(file[section_type::token_factors]);
    auto const ids = file[section_type::ids];
    from.ids.assign(ids.begin(), ids.end());
    auto first_pass = read_first_index(file, options, verify, limits);
    auto out = multi_vector_index::load(options, std::move(from), std::move(first_pass));
    for (row_t r = 0; verify == verify_level::full && r < out.size(); ++r)
        require(is_utf8(out.id(r).text()), error_code::corrupt_file, "the id of document ", r, " is not UTF-8");
    return out;
}

/// Calls write with the layout of the file of an index.
template <class Write>
void with_document_file(multi_vector_index const& index, Write write) {
    auto state = index.save();
    file_header header;
    header.kind = file_header::documents;
    header.codec = static_cast<std::uint8_t>(index.options().codec);
    header.similarity = static_cast<std::uint8_t>(index.options().similarity);
    header.dims = static_cast<std::uint32_t>(index.dims());
    header.rows = index.size();
    std::vector<std::uint32_t> counts(index.size());
    for (std::size_t r = 0; r < counts.size(); ++r) counts[r] = state.offsets[r + 1] - state.offsets[r];
    file_writer file(header);
    file.add_owned(section_type::first_pass, first_pass_bytes(index.options()));
    file.add(section_type::documents, std::as_bytes(std::span(counts)));
    file.add(section_type::tokens,
             index.options().codec == token_codec::f32 ? std::as_bytes(std::span(state.values)) : std::as_bytes(std::span(state.codes)));
    file.add(section_type::token_factors, std::as_bytes(std::span(state.factors)));
    file.add(section_type::ids, state.ids);
    if (index.first_pass() != nullptr) file.add_owned(section_type::first_pass_index, simile::to_bytes(*index.first_pass()));
    write(file);
}

}  // namespace detail

/// The `.simile` file of an index of documents: the same index gives the same bytes on every platform.
[[nodiscard]] inline std::vector<std::byte> to_bytes(multi_vector_index const& index) {
    std::vector<std::byte> out;
    detail::with_document_file(index, [&](file_writer const& file) {
        file.write([&](std::span<std::byte const> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
    });
    return out;
}

/// As save_index of one vector a row.
/// @throws error io_failure; cancelled, and the old file stays
inline void save_index(multi_vector_index const& index, std::filesystem::path const& path, progress const& watch = {}) {
    detail::with_document_file(index, [&](file_writer const& file) { detail::save_file(file, path, watch); });
}

/// @throws error corrupt_file, truncated_file, unsupported_version, limit_exceeded, out_of_memory
[[nodiscard]] inline multi_vector_index multi_vector_from_bytes(std::span<std::byte const> bytes,
                                                                verify_level verify = verify_level::checksum,
                                                                load_limits const& limits = {}) {
    try {
        file_sections const file(bytes, detail::document_sections, verify, limits);
        try {
            return detail::read_documents(file, verify, limits);
        } catch (error const& e) {
            // What a constructor refuses as an argument is damage in a file, and so is a section that ends early.
            if (e.code() == error_code::limit_exceeded || e.code() == error_code::unsupported_version ||
                e.code() == error_code::out_of_memory)
                throw;
            fail(error_code::corrupt_file, e.what());
        }
    } catch (std::bad_alloc const&) {
        fail(error_code::out_of_memory, "no memory for documents in a file of ", bytes.size(), " bytes");
    }
}

/// @throws as multi_vector_from_bytes, and io_failure
[[nodiscard]] inline multi_vector_index load_multi_vector(std::filesystem::path const& path, verify_level verify = verify_level::checksum,
                                                          load_limits const& limits = {}) {
    std::error_code unreadable;
    std::uint64_t const length = std::filesystem::file_size(path, unreadable);
    std::ifstream file(path, std::ios::binary);
    require(!unreadable && file.is_open(), error_code::io_failure, "cannot open ", path.string(),
            unreadable ? ": " + unreadable.message() : std::string());
    require(length <= limits.max_bytes, error_code::limit_exceeded, "the file has ", length, " bytes, the limit is ", limits.max_bytes);
    std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(length));
    require(static_cast<std::uint64_t>(file.gcount()) == length, error_code::io_failure, "cannot read ", path.string(), " beyond byte ",
            file.gcount());
    return multi_vector_from_bytes(bytes, verify, limits);
}

}  // namespace simile
