// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/hit.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simile {

/// A key as the user gives it: an integer in 0 .. 2^53 - 1 (what JavaScript can hold) or UTF-8 text of at most 65,535 bytes. 1 and "1" differ.
/// Does not own the text.
class id_ref {
public:
    static constexpr std::uint64_t max_number = (std::uint64_t{1} << 53) - 1;
    static constexpr std::size_t max_text = 65535;

    template <std::unsigned_integral Number>
    constexpr id_ref(Number number) noexcept : number_(number) {}
    template <std::signed_integral Number>
    constexpr id_ref(Number number) : number_(static_cast<std::uint64_t>(number)) {
        require(number >= 0, error_code::invalid_argument, "id ", number, " is negative");
    }
    constexpr id_ref(std::string_view text) noexcept : text_(text), is_text_(true) {}
    constexpr id_ref(char const* text) noexcept : id_ref(std::string_view(text)) {}
    id_ref(std::string const& text) noexcept : id_ref(std::string_view(text)) {}

    [[nodiscard]] constexpr bool is_text() const noexcept { return is_text_; }
    [[nodiscard]] constexpr std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

    friend constexpr bool operator==(id_ref const& a, id_ref const& b) noexcept {
        return a.is_text_ == b.is_text_ && (a.is_text_ ? a.text_ == b.text_ : a.number_ == b.number_);
    }

private:
    std::uint64_t number_ = 0;
    std::string_view text_{};
    bool is_text_ = false;
};

/// The text itself, or the number in decimal.
[[nodiscard]] inline std::string to_string(id_ref id) { return id.is_text() ? std::string(id.text()) : std::to_string(id.number()); }

/// For messages: text in quotes, so that 1 and "1" look different.
[[nodiscard]] inline std::string quoted(id_ref id) { return id.is_text() ? '"' + to_string(id) + '"' : to_string(id); }

/// Encoded ids: a varint (7 bits a byte, low first) 2 n + 1 for the integer n, or 2 length and that many bytes of text.
namespace id_codec {

inline void append(id_ref id, std::vector<std::byte>& out) {
    std::uint64_t head = id.is_text() ? 2 * std::uint64_t{id.text().size()} : 2 * id.number() + 1;
    for (; head >= 0x80; head >>= 7) out.push_back(static_cast<std::byte>((head & 0x7FU) | 0x80U));
    out.push_back(static_cast<std::byte>(head));
    auto const text = std::as_bytes(std::span(id.text()));
    out.insert(out.end(), text.begin(), text.end());
}

/// Reads one id and moves `at` behind it; nothing when the bytes are no id in its shortest form.
[[nodiscard]] inline std::optional<id_ref> read(std::span<std::byte const> bytes, std::size_t& at) noexcept {
    std::uint64_t head = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (at == bytes.size() || shift > 49) return std::nullopt;  // 54 bits need 8 bytes
        auto const byte = std::to_integer<std::uint64_t>(bytes[at++]);
        head |= (byte & 0x7FU) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift != 0) return std::nullopt;
            break;
        }
    }
    if ((head & 1U) != 0) return head >> 1 <= id_ref::max_number ? std::optional<id_ref>(head >> 1) : std::nullopt;
    std::size_t const length = static_cast<std::size_t>(head >> 1);
    if (head >> 1 > id_ref::max_text || length > bytes.size() - at) return std::nullopt;
    at += length;
    return id_ref(std::string_view(reinterpret_cast<char const*>(bytes.data()) + at - length, length));
}

}  // namespace id_codec

/// Which id each row has, and which row an id. Ids that are their own row numbers cost nothing; others the bytes of `id_codec`, 4 bytes of
/// offset, and a hash table that is built when the first look-up asks for it.
///
/// Look-ups may run at the same time; changes want exclusive access.
class id_table {
public:
    id_table() = default;
    id_table(id_table const& other)
        : rows_(other.rows_), plain_(other.plain_), unused_(other.unused_), bytes_(other.bytes_), offsets_(other.offsets_) {}
    id_table(id_table&&) noexcept = default;
    id_table& operator=(id_table other) noexcept {
        std::swap(rows_, other.rows_), std::swap(plain_, other.plain_), std::swap(unused_, other.unused_),
            std::swap(lookup_, other.lookup_);
        bytes_.swap(other.bytes_), offsets_.swap(other.offsets_);
        return *this;
    }
    ~id_table() = default;

    [[nodiscard]] std::size_t size() const noexcept { return rows_; }

    /// Valid until the next change.
    [[nodiscard]] id_ref operator[](row_t row) const noexcept {
        if (plain_) return row;
        std::size_t at = offsets_[row];
        return *id_codec::read(bytes_, at);
    }

    [[nodiscard]] std::optional<row_t> find(id_ref id) const {
        if (plain_) return !id.is_text() && id.number() < rows_ ? std::optional(static_cast<row_t>(id.number())) : std::nullopt;
        auto const& slots = look_up();
        for (std::size_t at = hash(id) & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
            if (slots[at] == empty) return std::nullopt;
            if ((*this)[slots[at]] == id) return slots[at];
        }
    }

    /// Makes room so that `count` more rows with `bytes` of encoded ids can be appended without allocating.
    /// @throws error limit_exceeded past 2^32 - 1 rows or 4 GiB of ids; std::bad_alloc
    void reserve(std::size_t count, std::size_t bytes) {
        require(count <= std::numeric_limits<row_t>::max() - rows_, error_code::limit_exceeded, rows_, " + ", count,
                " rows are more than 2^32 - 1");
        spell_out();
        if (unused_ > bytes_.size() / 2) compact();
        require(bytes <= std::numeric_limits<std::uint32_t>::max() - bytes_.size(), error_code::limit_exceeded,
                "the ids need more than 4 GiB");
        grow(bytes_, bytes);
        grow(offsets_, count);
        look_up();
        if (slots_for(rows_ + count) > lookup_->slots.size()) rebuild(lookup_->slots, slots_for(rows_ + count));
    }

    /// After `reserve`. The id must be new.
    void append(id_ref id) noexcept {
        offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        id_codec::append(id, bytes_);
        insert(lookup_->slots, static_cast<row_t>(rows_++));
    }

    /// Appends rows whose ids are their numbers. Only while all ids are.
    void append_plain(std::size_t count) noexcept { rows_ += count; }
    /// Whether all ids are their row numbers. If so they are kept as that from now on, whatever was there in between.
    [[nodiscard]] bool make_plain() {
        if (!plain_ && own_numbers()) *this = row_numbers(rows_);
        return plain_;
    }
    [[nodiscard]] bool plain() const noexcept { return plain_; }

    /// Forgets row `row`; the last row takes its number.
    void remove(row_t row) {
        if (plain_ && row + std::size_t{1} == rows_) {
            --rows_;
            return;
        }
        spell_out();
        look_up();
        auto const last = static_cast<row_t>(rows_ - 1);
        std::size_t end = offsets_[row];
        static_cast<void>(id_codec::read(bytes_, end));
        unused_ += end - offsets_[row];
        erase(row);
        if (row != last) {
            slot_of(last) = row;
            offsets_[row] = offsets_[last];
        }
        offsets_.pop_back();
        --rows_;
    }

    /// The encoded ids in row order, for a file; empty when every id is its row number.
    [[nodiscard]] std::vector<std::byte> encoded() const {
        std::vector<std::byte> out;
        if (own_numbers()) return out;
        out.reserve(bytes_.size());
        for (row_t row = 0; row < rows_; ++row) id_codec::append((*this)[row], out);
        return out;
    }

    /// Takes encoded ids of `rows` rows from a file.
    /// @throws error corrupt_file
    static id_table from_encoded(std::vector<std::byte> bytes, std::size_t rows) {
        id_table table;
        table.plain_ = false;
        // Each id has at least one byte, so this checks the count against bytes really present before allocating.
        require(bytes.size() <= std::numeric_limits<std::uint32_t>::max(), error_code::limit_exceeded, bytes.size(),
                " bytes of ids are more than 4 GiB");
        require(rows <= bytes.size(), error_code::corrupt_file, bytes.size(), " bytes of ids for ", rows, " rows");
        table.offsets_.reserve(rows);
        std::size_t at = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            table.offsets_.push_back(static_cast<std::uint32_t>(at));
            require(id_codec::read(bytes, at).has_value(), error_code::corrupt_file, "the id of row ", row, " is damaged");
        }
        require(at == bytes.size(), error_code::corrupt_file, bytes.size() - at, " bytes after the last id");
        table.bytes_ = std::move(bytes);
        table.rows_ = rows;
        return table;
    }
    static id_table row_numbers(std::size_t rows) {
        id_table table;
        table.rows_ = rows;
        return table;
    }

    /// Whether two rows share an id: no writer does that, a forged file might.
    [[nodiscard]] bool has_duplicates() const {
        if (plain_) return false;
        for (row_t row = 0; row < rows_; ++row)
            if (find((*this)[row]) != row) return true;
        return false;
    }

    [[nodiscard]] std::size_t memory() const noexcept {
        return bytes_.capacity() + 4 * offsets_.capacity() + (lookup_ ? 4 * lookup_->slots.capacity() : 0);
    }

private:
    using slot_vector = std::vector<row_t>;
    static constexpr row_t empty = std::numeric_limits<row_t>::max();
    struct lookup {
        std::mutex building;
        slot_vector slots;
    };

    [[nodiscard]] bool own_numbers() const noexcept {
        for (row_t row = 0; row < rows_ && !plain_; ++row)
            if (!((*this)[row] == id_ref(row))) return false;
        return true;
    }

    // Powers of two, at most three quarters full.
    static std::size_t slots_for(std::size_t rows) { return std::bit_ceil(rows + rows / 3 + 8); }

    template <class Vector>
    static void grow(Vector& v, std::size_t more) {
        if (v.capacity() - v.size() < more) v.reserve(std::max(v.size() + more, v.size() + v.size() / 2));
    }

    static std::size_t hash(id_ref id) noexcept {
        std::uint64_t h = id.number() * 0x9E3779B97F4A7C15U + (id.is_text() ? 1U : 0U);
        for (char const c : id.text()) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
        h ^= h >> 32;
        h *= 0xD6E8FEB86659FD93U;
        return static_cast<std::size_t>(h ^ h >> 32);
    }

    void insert(slot_vector& slots, row_t row) const noexcept {
        std::size_t at = hash((*this)[row]) & (slots.size() - 1);
        while (slots[at] != empty) at = (at + 1) & (slots.size() - 1);
        slots[at] = row;
    }
    void rebuild(slot_vector& slots, std::size_t size) const {
        slot_vector fresh(size, empty);
        for (row_t row = 0; row < rows_; ++row) insert(fresh, row);
        slots.swap(fresh);
    }
    slot_vector const& look_up() const {
        std::scoped_lock const lock(lookup_->building);
        if (lookup_->slots.empty()) rebuild(lookup_->slots, slots_for(rows_));
        return lookup_->slots;
    }
    row_t& slot_of(row_t row) noexcept {
        auto& slots = lookup_->slots;
        std::size_t at = hash((*this)[row]) & (slots.size() - 1);
        while (slots[at] != row) at = (at + 1) & (slots.size() - 1);
        return slots[at];
    }
    // Linear probing without tombstones: later entries of the run move up when their place allows it.
    void erase(row_t row) noexcept {
        auto& slots = lookup_->slots;
        std::size_t const mask = slots.size() - 1;
        auto hole = static_cast<std::size_t>(&slot_of(row) - slots.data());
        for (std::size_t at = (hole + 1) & mask; slots[at] != empty; at = (at + 1) & mask) {
            std::size_t const home = hash((*this)[slots[at]]) & mask;
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                slots[hole] = slots[at];
                hole = at;
            }
        }
        slots[hole] = empty;
    }

    // From implicit row numbers to written ids.
    void spell_out() {
        if (!plain_) return;
        compact();
        plain_ = false;
    }
    // Writes the ids of all rows one after the other.
    void compact() {
        std::vector<std::byte> bytes;
        std::vector<std::uint32_t> offsets;
        offsets.reserve(rows_);
        for (row_t row = 0; row < rows_; ++row) {
            offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
            id_codec::append((*this)[row], bytes);
        }
        bytes_.swap(bytes);
        offsets_.swap(offsets);
        unused_ = 0;
    }

    std::size_t rows_ = 0;
    bool plain_ = true;
    std::size_t unused_ = 0;  // bytes of removed ids
    std::vector<std::byte> bytes_;
    std::vector<std::uint32_t> offsets_;
    std::unique_ptr<lookup> lookup_ = std::make_unique<lookup>();
};

}  // namespace simile
