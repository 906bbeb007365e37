// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace simile {

/// What is kept of the weight of a term in a row.
enum class sparse_form : std::uint8_t {
    counts = 1,    ///< integers 1 .. 2^24, about a bit each: how often a word stands in a text
    bfloat16 = 2,  ///< relative error up to 2^-8, about ten bits each: learned weights
    float32 = 3,   ///< exact
};

namespace detail {

/// Weights as integers of the same order.
[[nodiscard]] inline std::uint32_t sparse_code(sparse_form form, float weight) noexcept {
    if (form == sparse_form::counts) return static_cast<std::uint32_t>(weight) - 1;
    auto const bits = std::bit_cast<std::uint32_t>(weight);
    if (form == sparse_form::float32) return bits;
    return std::clamp((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16, std::uint32_t{1},
                      std::uint32_t{0x7F7F});  // to nearest, ties to even; never 0 or infinity
}
[[nodiscard]] inline float sparse_value(sparse_form form, std::uint32_t code) noexcept {
    if (form == sparse_form::counts) return static_cast<float>(code + 1);
    return std::bit_cast<float>(form == sparse_form::float32 ? code : code << 16);
}

struct posting {
    std::uint32_t slot;
    std::uint32_t code;
};

/// Up to 128 postings of a term. In the bytes from `at`: their number - 1, bits of a gap, bits of a code, the least code unless codes are counts (u32), then gaps - 1
/// between slots and codes above the least, each bit-packed from a whole byte on.
struct posting_block {
    static constexpr std::size_t size = 128;

    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t at;
    std::uint32_t most;      // the largest code
    std::uint32_t shortest;  // the least length of a row: with `most` it bounds every score
};
static_assert(sizeof(posting_block) == 20);

/// Bit-packed numbers of the same width, at most 32 bits. Reads up to 8 bytes from where a number begins.
struct packed_numbers {
    std::byte const* from;
    unsigned width;

    [[nodiscard]] std::uint32_t operator[](std::size_t i) const noexcept {
        std::size_t const bit = i * width;
        std::uint64_t word;
        std::memcpy(&word, from + bit / 8, 8);
        return static_cast<std::uint32_t>(word >> (bit % 8) & ((std::uint64_t{1} << width) - 1));
    }
    [[nodiscard]] static constexpr std::size_t bytes(std::size_t count, unsigned width) noexcept { return (count * width + 7) / 8; }
};

/// A block as it is read.
struct open_block {
    std::size_t count = 0;
    packed_numbers gaps{};
    packed_numbers codes{};
    std::uint32_t least = 0;

    [[nodiscard]] std::uint32_t code(std::size_t i) const noexcept { return least + codes[i]; }
    void slots(std::uint32_t first, std::uint32_t* out) const noexcept {
        out[0] = first;
        for (std::size_t i = 1; i < count; ++i) out[i] = first += gaps[i - 1] + 1;
    }
};

/// Postings of some rows ("slots" 0 .. n - 1) by term, in blocks; never changes once it is made.
class sparse_segment {
public:
    static constexpr std::size_t padding = 8;  // for reads of whole words

    sparse_segment() = default;
    sparse_segment(sparse_form form, std::vector<std::uint32_t> lengths) : form_(form), lengths_(std::move(lengths)) {}

    /// Terms must come in rising order, slots of a term too.
    /// @throws error limit_exceeded past 4 GiB
    void add_list(std::uint32_t term, std::span<posting const> list) {
        if (list.empty()) return;
        for (std::size_t begin = 0; begin < list.size(); begin += posting_block::size)
            add_block(list.subspan(begin, std::min(posting_block::size, list.size() - begin)));
        terms_.push_back(term);
        starts_.push_back(static_cast<std::uint32_t>(blocks_.size()));
        postings_ += list.size();
    }
    void finish() {
        bytes_.resize(bytes_.size() + padding);
        terms_.shrink_to_fit(), starts_.shrink_to_fit(), blocks_.shrink_to_fit(), bytes_.shrink_to_fit();
    }

    [[nodiscard]] sparse_form form() const noexcept { return form_; }
    [[nodiscard]] std::size_t slots() const noexcept { return lengths_.size(); }
    [[nodiscard]] std::size_t postings() const noexcept { return postings_; }
    [[nodiscard]] std::uint32_t length(std::size_t slot) const noexcept { return lengths_[slot]; }
    [[nodiscard]] std::vector<std::uint32_t> const& lengths() const noexcept { return lengths_; }
    [[nodiscard]] std::vector<std::uint32_t> const& terms() const noexcept { return terms_; }
    [[nodiscard]] std::vector<std::uint32_t> const& starts() const noexcept { return starts_; }
    [[nodiscard]] std::vector<posting_block> const& blocks() const noexcept { return blocks_; }
    [[nodiscard]] std::vector<std::byte> const& bytes() const noexcept { return bytes_; }

    /// The blocks of a term; none when no slot has it.
    [[nodiscard]] std::span<posting_block const> list(std::uint32_t term) const noexcept {
        auto const at = std::lower_bound(terms_.begin(), terms_.end(), term);
        return at != terms_.end() && *at == term ? list_at(static_cast<std::size_t>(at - terms_.begin()))
                                                 : std::span<posting_block const>();
    }
    [[nodiscard]] std::span<posting_block const> list_at(std::size_t i) const noexcept {
        return std::span(blocks_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
    }
    /// Slots with the term.
    [[nodiscard]] std::size_t count(std::span<posting_block const> list) const noexcept {
        return list.empty() ? 0 : (list.size() - 1) * posting_block::size + open(list.back()).count;
    }
    [[nodiscard]] open_block open(posting_block const& block) const noexcept {
        std::byte const* at = bytes_.data() + block.at;
        open_block out;
        out.count = std::to_integer<std::size_t>(at[0]) + 1;
        unsigned const gap_bits = std::to_integer<unsigned>(at[1]), code_bits = std::to_integer<unsigned>(at[2]);
        if (form_ != sparse_form::counts) std::memcpy(&out.least, at + 3, 4);
        at += head();
        out.gaps = {at, gap_bits};
        out.codes = {at + packed_numbers::bytes(out.count - 1, gap_bits), code_bits};
        return out;
    }
    /// Calls visit(slot, code) for every posting of a list.
    template <class Visit>
    void each(std::span<posting_block const> list, Visit&& visit) const {
        std::array<std::uint32_t, posting_block::size> slots;
        for (posting_block const& block : list) {
            open_block const b = open(block);
            b.slots(block.first, slots.data());
            for (std::size_t i = 0; i < b.count; ++i) visit(slots[i], b.code(i));
        }
    }

    [[nodiscard]] std::size_t memory() const noexcept {
        return 4 * (lengths_.capacity() + terms_.capacity() + starts_.capacity()) + sizeof(posting_block) * blocks_.capacity() +
               bytes_.capacity();
    }

    /// Takes over the arrays of a file; reads nothing beyond them whatever they are.
    /// @throws error corrupt_file unless the writer above could have made them
    static sparse_segment from_arrays(sparse_form form, std::vector<std::uint32_t> lengths, std::vector<std::uint32_t> terms,
                                      std::vector<std::uint32_t> starts, std::vector<posting_block> blocks, std::vector<std::byte> bytes) {
        sparse_segment out(form, std::move(lengths));
        out.terms_ = std::move(terms), out.starts_ = std::move(starts), out.blocks_ = std::move(blocks), out.bytes_ = std::move(bytes);
        out.bytes_.resize(out.bytes_.size() + padding);
        out.check_lists();
        std::size_t at = 0;
        for (std::size_t i = 0; i < out.terms_.size(); ++i) {
            auto const list = out.list_at(i);
            for (std::size_t b = 0; b < list.size(); ++b)
                at = out.check_block(list[b], at, b == 0 ? nullptr : &list[b - 1], b + 1 == list.size());
            out.postings_ += out.count(list);
        }
        require(at + padding == out.bytes_.size(), error_code::corrupt_file, out.bytes_.size() - padding - at,
                " bytes after the last posting");
        return out;
    }

private:
    [[nodiscard]] std::size_t head() const noexcept { return form_ == sparse_form::counts ? 3 : 7; }

    void add_block(std::span<posting const> list) {
        std::uint32_t least = form_ == sparse_form::counts ? 0 : list[0].code, most = 0, gap = 0,
                      shortest = std::numeric_limits<std::uint32_t>::max();
        for (std::size_t i = 0; i < list.size(); ++i) {
            least = std::min(least, list[i].code), most = std::max(most, list[i].code);
            if (i != 0) gap = std::max(gap, list[i].slot - list[i - 1].slot - 1);
            shortest = std::min(shortest, lengths_[list[i].slot]);
        }
        require(bytes_.size() <= std::numeric_limits<std::uint32_t>::max() - 2048, error_code::limit_exceeded,
                "postings of more than 4 GiB");
        blocks_.push_back({list.front().slot, list.back().slot, static_cast<std::uint32_t>(bytes_.size()), most, shortest});
        auto const gap_bits = static_cast<unsigned>(std::bit_width(gap)), code_bits = static_cast<unsigned>(std::bit_width(most - least));
        for (std::size_t const v : {list.size() - 1, std::size_t{gap_bits}, std::size_t{code_bits}})
            bytes_.push_back(static_cast<std::byte>(v));
        if (form_ != sparse_form::counts)
            for (unsigned i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::byte>(least >> (8 * i) & 0xFFU));
        pack(list.size() - 1, gap_bits, [&](std::size_t i) { return list[i + 1].slot - list[i].slot - 1; });
        pack(list.size(), code_bits, [&](std::size_t i) { return list[i].code - least; });
    }
    template <class Number>
    void pack(std::size_t count, unsigned width, Number&& number) {
        std::uint64_t word = 0;
        unsigned used = 0;
        for (std::size_t i = 0; i < count; ++i) {
            word |= std::uint64_t{number(i)} << used;
            for (used += width; used >= 8; used -= 8, word >>= 8) bytes_.push_back(static_cast<std::byte>(word & 0xFFU));
        }
        if (used != 0) bytes_.push_back(static_cast<std::byte>(word & 0xFFU));
    }

    void check_lists() const {
        require(starts_.size() == terms_.size() + 1 && starts_.front() == 0 && starts_.back() == blocks_.size(), error_code::corrupt_file,
                "the lists do not part the blocks");
        for (std::size_t i = 0; i < terms_.size(); ++i)
            require(starts_[i] < starts_[i + 1] && starts_[i + 1] <= blocks_.size() && (i == 0 || terms_[i - 1] < terms_[i]),
                    error_code::corrupt_file, "list ", i, " is out of order");
    }
    [[nodiscard]] std::size_t check_block(posting_block const& block, std::size_t at, posting_block const* before, bool is_last) const {
        auto const whole = [](bool ok) { require(ok, error_code::corrupt_file, "a block of postings is damaged"); };
        std::size_t const end = bytes_.size() - padding;
        whole(block.at == at && head() <= end - at);
        open_block const b = open(block);
        whole(b.gaps.width <= 32 && b.codes.width <= 32 && b.count <= posting_block::size && (is_last || b.count == posting_block::size));
        std::size_t const length =
            head() + packed_numbers::bytes(b.count - 1, b.gaps.width) + packed_numbers::bytes(b.count, b.codes.width);
        whole(length <= end - at && (before == nullptr || before->last < block.first));
        std::uint64_t slot = block.first;
        std::uint64_t most = 0;
        std::uint32_t shortest = std::numeric_limits<std::uint32_t>::max();
        for (std::size_t i = 0; i < b.count; ++i) {
            if (i != 0) slot += std::uint64_t{b.gaps[i - 1]} + 1;
            whole(slot < lengths_.size());
            most = std::max(most, std::uint64_t{b.least} + b.codes[i]);
            shortest = std::min(shortest, lengths_[static_cast<std::size_t>(slot)]);
        }
        whole(slot == block.last && most == block.most && shortest == block.shortest &&
              (form_ == sparse_form::counts ? most < 1U << 24U : most <= greatest()) && positive(b));
        return at + length;
    }
    [[nodiscard]] std::uint32_t greatest() const noexcept { return form_ == sparse_form::float32 ? 0x7F7FFFFFU : 0x7F7FU; }
    [[nodiscard]] bool positive(open_block const& b) const noexcept {
        for (std::size_t i = 0; form_ != sparse_form::counts && i < b.count; ++i)
            if (b.code(i) == 0) return false;
        return true;
    }

    sparse_form form_ = sparse_form::counts;
    std::vector<std::uint32_t> lengths_;
    std::vector<std::uint32_t> terms_;
    std::vector<std::uint32_t> starts_{0};
    std::vector<posting_block> blocks_;
    std::vector<std::byte> bytes_;
    std::size_t postings_ = 0;
};

}  // namespace detail
}  // namespace simile
