// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/index/make_index.hpp>
#include <simile/io/simile_file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace simile {

/// Builds an index from the bytes of a `.simile` file, front to back, in pieces of any size: from memory, a file or a download alike.
///
/// The index can be searched as soon as `level()` is 1, while later planes are still coming. Memory is taken only after header, table
/// and limits agree, and never more than the bytes that are really there when the length is known.
/// Every error is final for the loader; an index that was handed out keeps the level it has.
class index_loader {
public:
    /// @param length  bytes of the whole file when known, to refuse a wrong length at once
    explicit index_loader(verify_level verify = verify_level::checksum, load_limits limits = {}, std::optional<std::uint64_t> length = {})
        : verify_(verify), limits_(limits), length_(length) {
        limits_.max_bytes = std::min<std::uint64_t>(limits_.max_bytes, std::numeric_limits<std::size_t>::max());
    }

    /// Takes the next bytes of the file.
    /// @throws error corrupt_file, truncated_file, unsupported_version, limit_exceeded, out_of_memory; invalid_argument after an earlier error
    void feed(std::span<std::byte const> bytes) {
        require(!failed_, error_code::invalid_argument, "this load has failed");
        try {
            while (!bytes.empty()) bytes = bytes.subspan(take(bytes));
        } catch (std::bad_alloc const&) {
            give_up();
            fail(error_code::out_of_memory, "no memory for a file of ", header_.file_length, " bytes");
        } catch (...) {
            give_up();
            throw;
        }
    }

    /// Says that no more bytes will come.
    /// @throws error truncated_file unless the file is complete
    void end() {
        if (finished()) return;
        give_up();
        fail(error_code::truncated_file, "the file ends at byte ", taken_, stage_ > stage::header ? " of " : "",
             stage_ > stage::header ? std::to_string(header_.file_length) : std::string());
    }

    [[nodiscard]] bool finished() const noexcept { return stage_ == stage::done; }
    /// Planes that can be searched; 0: not searchable yet.
    [[nodiscard]] unsigned level() const noexcept { return index_ ? index_->level() : 0; }
    [[nodiscard]] unsigned levels() const noexcept { return index_ ? index_->levels() : 0; }
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
    /// Length of the file by its header; 0 before that is known.
    [[nodiscard]] std::uint64_t total() const noexcept { return stage_ == stage::header ? 0 : header_.file_length; }

    /// The index that is being filled.
    /// @throws error incomplete while level() is 0
    [[nodiscard]] std::shared_ptr<vector_index> index() const {
        require(level() > 0, error_code::incomplete, "the first plane is not there yet");
        return index_;
    }

    /// The section of lists, for ivf_index; empty when the file has none.
    [[nodiscard]] std::span<std::byte const> lists() const noexcept { return lists_; }
    /// The section of hub correction, for corrected_index; empty when the file has none. It comes last.
    [[nodiscard]] std::span<std::byte const> correction() const noexcept { return correction_; }

private:
    enum class stage { header, table, body, done };

    // Sections in the order in which a file holds them.
    static constexpr std::array<section_type, 12> order = {section_type::chunks,    section_type::coding, section_type::metadata,
                                                           section_type::relevance, section_type::lists,  section_type::plane0,
                                                           section_type::norms,     section_type::ids,    section_type::plane1,
                                                           section_type::plane2,    section_type::plane3, section_type::correction};

    [[nodiscard]] std::size_t take(std::span<std::byte const> bytes) {
        std::size_t used = 0;
        switch (stage_) {
            case stage::header: used = gather(bytes, file_header::size); break;
            case stage::table: used = gather(bytes, table_bytes()); break;
            case stage::body: used = take_body(bytes); break;
            case stage::done: fail(error_code::corrupt_file, "there are bytes after the end of the file");
        }
        taken_ += used;
        if (stage_ == stage::header && head_.size() == file_header::size) read_header();
        if (stage_ == stage::table && head_.size() == table_bytes()) read_table();
        if (stage_ == stage::body) finish_sections();
        return used;
    }
    [[nodiscard]] std::size_t table_bytes() const noexcept { return header_.sections * section_entry::size; }

    std::size_t gather(std::span<std::byte const> bytes, std::size_t wanted) {
        std::size_t const n = std::min(bytes.size(), wanted - head_.size());
        head_.insert(head_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        return n;
    }

    void read_header() {
        header_ = file_format::decode_header(std::span<std::byte const, file_header::size>(head_), limits_);
        require(!length_ || *length_ >= header_.file_length, error_code::truncated_file, "the file has ", length_.value_or(0), " of ",
                header_.file_length, " bytes");
        require(!length_ || *length_ == header_.file_length, error_code::corrupt_file, "the file has ", length_.value_or(0),
                " bytes, by its header ", header_.file_length);
        auto const similarity = static_cast<similarity_kind>(header_.similarity);
        require(header_.dims >= 1 && header_.dims <= max_dims && is_valid(similarity), error_code::corrupt_file,
                "the header's dims or similarity are impossible");
        require(to_string(static_cast<codec_kind>(header_.codec)) != "unknown", error_code::unsupported_version,
                "the file holds codes of kind ", header_.codec, ", which this program does not know");
        head_.clear();
        stage_ = stage::table;
    }

    void read_table() {
        table_ = file_format::decode_table(head_, header_);
        check_order();
        if (find(section_type::coding) == nullptr) make_empty_index({});
        head_.clear();
        stage_ = stage::body;
    }

    /// Once it is known how vectors are coded, the lengths of their sections are too.
    void make_empty_index(std::span<std::byte const> coding_section) {
        auto how = coding_from_bytes(static_cast<codec_kind>(header_.codec), header_.dims, coding_section);
        try {
            index_ = make_index(std::move(how), header_.dims, static_cast<similarity_kind>(header_.similarity),
                                static_cast<zero_vectors>(header_.flags));
        } catch (error const& e) {
            fail(error_code::corrupt_file, e.what());
        }
        index_->planes_ready(0);
        require(header_.kind == (index_->levels() > 1 ? file_header::progressive : file_header::flat), error_code::corrupt_file,
                "the header's kind and codec do not go together");
        for (section_type const type : order)
            if (find(type) == nullptr) check_absent(type);
        for (section_entry const& s : table_) check_length(s);
    }

    // Known sections are in order, and there are as many hashes of pieces as there must be.
    void check_order() const {
        std::size_t next = 0;
        std::uint64_t chunks = 0;
        for (section_entry const& s : table_) {
            require((s.flags & ~section_entry::optional) == 0, error_code::corrupt_file, "section type ", s.type, " has unknown flags");
            if (s.type != static_cast<std::uint32_t>(section_type::chunks)) chunks += file_format::chunk_count(s.length);
            auto const at =
                static_cast<std::size_t>(std::find(order.begin(), order.end(), static_cast<section_type>(s.type)) - order.begin());
            if (at == order.size()) {
                require((s.flags & section_entry::optional) != 0, error_code::unsupported_version, "the file needs section type ", s.type,
                        ", which this program does not know");
                continue;
            }
            require(at >= next, error_code::corrupt_file, "section type ", s.type, " is out of order");
            next = at + 1;
        }
        section_entry const* const hashes = find(section_type::chunks);
        require((hashes == nullptr ? 0 : hashes->length) == 8 * chunks, error_code::corrupt_file, "the hashes of ", chunks,
                " pieces are not there");
    }
    [[nodiscard]] section_entry const* find(section_type type) const noexcept {
        auto const at =
            std::find_if(table_.begin(), table_.end(), [&](section_entry const& s) { return s.type == static_cast<std::uint32_t>(type); });
        return at == table_.end() ? nullptr : &*at;
    }
    /// Length a section must have; 0: it must not be there; nothing: any length, and it may be absent.
    [[nodiscard]] std::optional<std::uint64_t> wanted_length(section_type type) const noexcept {
        switch (type) {
            case section_type::plane0: return index_->plane_bytes(0, header_.rows);
            case section_type::plane1: return index_->levels() > 1 ? index_->plane_bytes(1, header_.rows) : 0;
            case section_type::plane2: return index_->levels() > 2 ? index_->plane_bytes(2, header_.rows) : 0;
            case section_type::plane3: return index_->levels() > 3 ? index_->plane_bytes(3, header_.rows) : 0;
            case section_type::norms: return index_->keeps_norms() ? header_.rows * sizeof(float) : 0;
            default: return std::nullopt;
        }
    }
    void check_absent(section_type type) const {
        require(wanted_length(type).value_or(0) == 0, error_code::corrupt_file, "section type ", static_cast<std::uint32_t>(type),
                " is missing");
    }
    void check_length(section_entry const& s) const {
        auto const wanted = wanted_length(static_cast<section_type>(s.type));
        require(s.length == wanted.value_or(s.length), error_code::corrupt_file, "section type ", s.type, " has ", s.length,
                " bytes instead of ", wanted.value_or(0));
    }

    [[nodiscard]] std::size_t take_body(std::span<std::byte const> bytes) {
        section_entry const& s = table_[section_];
        if (taken_ < s.offset) {
            auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), s.offset - taken_));
            require(
                std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n), [](std::byte b) { return b == std::byte{0}; }),
                error_code::corrupt_file, "the padding before byte ", s.offset, " is not zero");
            return n;
        }
        // Not beyond the present piece, so that each is checked before the next is taken.
        std::uint64_t const in_section = taken_ - s.offset;
        std::uint64_t const piece_end = std::min(s.length, (in_section / file_format::chunk_bytes + 1) * file_format::chunk_bytes);
        auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), piece_end - in_section));
        store(s, bytes.first(n));
        if (in_section + n == piece_end) check_piece(s, piece_end);
        return n;
    }

    void store(section_entry const& s, std::span<std::byte const> bytes) {
        byte_buffer& to = target(s);
        std::size_t const size = to.size();
        if (to.capacity() - size < bytes.size())
            to.reserve(static_cast<std::size_t>(
                length_ ? s.length : std::min<std::uint64_t>(s.length, std::max<std::uint64_t>(2 * size, size + bytes.size()))));
        to.resize(size + bytes.size());
        std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(size));
    }
    [[nodiscard]] byte_buffer& target(section_entry const& s) {
        switch (static_cast<section_type>(s.type)) {
            case section_type::plane0: return index_->plane(0);
            case section_type::plane1: return index_->plane(1);
            case section_type::plane2: return index_->plane(2);
            case section_type::plane3: return index_->plane(3);
            case section_type::chunks: return chunks_;
            case section_type::lists: return lists_;
            case section_type::correction: return correction_;
            default: return held_;
        }
    }
    [[nodiscard]] bool is_skipped(section_entry const& s) const noexcept {
        return std::find(order.begin(), order.end(), static_cast<section_type>(s.type)) == order.end();
    }

    void check_piece(section_entry const& s, std::uint64_t piece_end) {
        byte_buffer& bytes = target(s);
        bool const whole = file_format::chunk_count(s.length) == 0 || static_cast<section_type>(s.type) == section_type::chunks;
        if (verify_ != verify_level::structure && (!whole || piece_end == s.length)) {
            std::uint64_t const piece = (piece_end - 1) / file_format::chunk_bytes;
            std::size_t const begin = whole || is_skipped(s) ? 0 : static_cast<std::size_t>(piece * file_format::chunk_bytes);
            std::uint64_t const expected =
                whole ? s.hash : file_format::get<std::uint64_t>(&chunks_[8 * static_cast<std::size_t>(first_chunk(s) + piece)]);
            require(file_format::hash(std::span(bytes).subspan(begin)) == expected, error_code::corrupt_file,
                    "the checksum of section type ", s.type, " does not match before byte ", s.offset + piece_end);
        }
        if (is_skipped(s)) bytes.clear();
    }
    [[nodiscard]] std::uint64_t first_chunk(section_entry const& s) const noexcept {
        std::uint64_t sum = 0;
        for (section_entry const* other = table_.data(); other != &s; ++other)
            if (other->type != static_cast<std::uint32_t>(section_type::chunks)) sum += file_format::chunk_count(other->length);
        return sum;
    }

    void finish_sections() {
        while (section_ < table_.size() && taken_ == table_[section_].offset + table_[section_].length) finish_section(table_[section_++]);
        bool const planes_left = section_ < table_.size() && is_needed_first(section_);
        if (!planes_left && index_ && index_->level() == 0) become_searchable();
        if (section_ == table_.size()) finish();
    }
    // Whether anything from section `at` on must be there before the first search.
    [[nodiscard]] bool is_needed_first(std::size_t at) const noexcept {
        return std::any_of(table_.begin() + static_cast<std::ptrdiff_t>(at), table_.end(), [](section_entry const& s) {
            auto const type = static_cast<section_type>(s.type);
            return type == section_type::chunks || type == section_type::coding || type == section_type::metadata ||
                   type == section_type::relevance || type == section_type::lists || type == section_type::plane0 ||
                   type == section_type::norms || type == section_type::ids;
        });
    }
    void finish_section(section_entry const& s) {
        switch (static_cast<section_type>(s.type)) {
            case section_type::chunks: check_chunk_lists(); break;
            case section_type::coding: make_empty_index(held_); break;
            case section_type::metadata: index_->metadata_.assign(reinterpret_cast<char const*>(held_.data()), held_.size()); break;
            case section_type::relevance: read_relevance(); break;
            case section_type::norms:
                index_->norms_.resize(static_cast<std::size_t>(header_.rows));
                std::memcpy(index_->norms_.data(), held_.data(), held_.size());
                break;
            case section_type::ids:
                ids_ = id_table::from_encoded({held_.begin(), held_.end()}, static_cast<std::size_t>(header_.rows));
                break;
            case section_type::plane1: plane_finished(1); break;
            case section_type::plane2: plane_finished(2); break;
            case section_type::plane3: plane_finished(3); break;
            default: break;
        }
        byte_buffer().swap(held_);
    }
    void read_relevance() {
        auto model = score::relevance_from_bytes(held_);
        try {
            index_->set_relevance(std::move(model));
        } catch (error const& e) {
            fail(error_code::corrupt_file, e.what());
        }
    }
    void check_chunk_lists() const {
        if (verify_ == verify_level::structure) return;
        for (section_entry const& s : table_) {
            auto const count = static_cast<std::size_t>(file_format::chunk_count(s.length));
            if (count == 0 || static_cast<section_type>(s.type) == section_type::chunks) continue;
            auto const list = std::span(chunks_).subspan(8 * static_cast<std::size_t>(first_chunk(s)), 8 * count);
            require(file_format::hash(list) == s.hash, error_code::corrupt_file, "the piece hashes of section type ", s.type,
                    " do not match the table");
        }
    }
    void become_searchable() {
        index_->ids_ = ids_ ? std::move(*ids_) : id_table::row_numbers(static_cast<std::size_t>(header_.rows));
        if (verify_ == verify_level::full) check_contents();
        index_->planes_ready(1);
        // Without rows there are no planes to wait for.
        if (header_.rows == 0) index_->planes_ready(index_->levels());
    }
    void plane_finished(unsigned plane) {
        if (verify_ == verify_level::full) check_plane(plane);
        index_->planes_ready(plane + 1);
    }
    void check_plane(unsigned plane) const {
        require(index_->plane_well_formed(plane), error_code::corrupt_file, "plane ", plane, " holds numbers that no encoder writes");
    }
    void check_contents() const {
        require(is_utf8(index_->metadata_), error_code::corrupt_file, "the metadata is not UTF-8");
        check_plane(0);
        require(std::all_of(index_->norms_.begin(), index_->norms_.end(), [](float n) { return n >= 0 && n <= 0x1p61F; }),
                error_code::corrupt_file, "a norm is negative or not finite");
        for (row_t row = 0; row < index_->size(); ++row)
            require(is_utf8(index_->ids_[row].text()), error_code::corrupt_file, "the id of row ", row, " is not UTF-8");
        require(!index_->ids_.has_duplicates(), error_code::corrupt_file, "two rows have the same id");
    }
    void finish() {
        byte_buffer().swap(chunks_);
        stage_ = stage::done;
    }

    void give_up() noexcept {
        failed_ = true;
        if (!index_) return;
        // Planes that never became usable only take memory.
        for (unsigned p = index_->level(); p < index_->levels(); ++p) byte_buffer().swap(index_->plane(p));
    }

    verify_level verify_;
    load_limits limits_;
    std::optional<std::uint64_t> length_;
    stage stage_ = stage::header;
    bool failed_ = false;
    std::uint64_t taken_ = 0;
    std::vector<std::byte> head_;  // header or table while it is gathered
    file_header header_;
    std::vector<section_entry> table_;
    std::size_t section_ = 0;
    byte_buffer held_;  // a small section, or a piece of one that is skipped
    byte_buffer lists_, correction_;
    byte_buffer chunks_;  // hashes of 1 MiB pieces
    std::optional<id_table> ids_;
    std::shared_ptr<vector_index> index_;
};

}  // namespace simile
