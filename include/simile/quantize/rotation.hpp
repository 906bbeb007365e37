// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/random.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace simile::quantize {

namespace detail {

/// The values at x are in memory as they were rounded, so the compiler cannot fuse the products that made them into later sums.
inline void settle([[maybe_unused]] float* x) noexcept {
#if defined(__GNUC__)
    asm volatile("" : : "r"(x) : "memory");
#endif
}

/// x <- H x for eight values. Sums with a value or its negative: a multiplication by 1 or -1 is exact, fused or not.
inline void hadamard8(float* x) noexcept {
    constexpr float sign[3][8] = {{1, -1, 1, -1, 1, -1, 1, -1}, {1, 1, -1, -1, 1, 1, -1, -1}, {1, 1, 1, 1, -1, -1, -1, -1}};
    float a[8], b[8];
    for (std::size_t j = 0; j < 8; ++j) a[j] = x[j ^ 1U] + sign[0][j] * x[j];
    for (std::size_t j = 0; j < 8; ++j) b[j] = a[j ^ 2U] + sign[1][j] * a[j];
    for (std::size_t j = 0; j < 8; ++j) x[j] = b[j ^ 4U] + sign[2][j] * b[j];
}

/// x <- H x, n a power of two, without a scale; always the same sums, so the same bits on every platform.
inline void hadamard(float* x, std::size_t n) noexcept {
    std::size_t step = 1;
    if (n >= 8) {
        for (std::size_t i = 0; i < n; i += 8) hadamard8(x + i);
        step = 8;
    }
    for (; 4 * step <= n; step *= 4)  // two rounds of sums for each load
        for (std::size_t base = 0; base < n; base += 4 * step)
            for (std::size_t i = 0; i < step; ++i) {
                float* const at = x + base + i;
                float const a = at[0] + at[step], b = at[0] - at[step];
                float const c = at[2 * step] + at[3 * step], d = at[2 * step] - at[3 * step];
                at[0] = a + c;
                at[step] = b + d;
                at[2 * step] = a - c;
                at[3 * step] = b - d;
            }
    for (; 2 * step <= n; step *= 2)
        for (std::size_t base = 0; base < n; base += 2 * step)
            for (std::size_t i = 0; i < step; ++i) {
                float const a = x[base + i], b = x[base + step + i];
                x[base + i] = a + b;
                x[base + step + i] = a - b;
            }
}

}  // namespace detail

/// A random rotation in O(d log d): four rounds of random signs, a Hadamard transform of the first or last T coordinates in turn, and a Kac walk
/// that mixes the two halves. It spreads a spiky vector over all coordinates.
///
/// Shape     [dims] to [padded], padded = dims rounded up to a multiple of 64; T is a power of two, by default the largest not above dims and
///           64 at least. When T is padded itself, the halves are mixed by the transform and the walk is left out.
/// Exact     orthogonal: |y| = |x| within 1e-6 |x|; `unrotate` is the transposed map. Only sums and products with constants that cannot be
///           fused: the same bits on every platform.
/// Source    the FHT-Kac rotator of the RaBitQ library; Ailon, Chazelle, "The Fast Johnson-Lindenstrauss Transform", 2009, for the idea.
class rotation {
public:
    static constexpr std::size_t rounds = 4;
    static constexpr std::uint64_t default_seed = 0x726F74617465;

    [[nodiscard]] static constexpr std::size_t padded_dims(std::size_t dims) noexcept { return (dims + 63) / 64 * 64; }
    [[nodiscard]] static constexpr std::size_t default_block(std::size_t dims) noexcept {
        return std::bit_floor(std::max<std::size_t>(dims, 64));
    }

    /// Signs drawn from SplitMix64.
    /// @throws error invalid_argument when dims is 0
    explicit rotation(std::size_t dims, std::uint64_t seed = default_seed) : rotation(dims, flips_of(dims, seed)) {}

    /// @param flips  4 * padded bits, the least significant of each byte first, round after round; 1 turns the sign
    /// @param block  T; 0 for the default
    /// @throws error invalid_argument when dims is 0 or the number of bytes is another, or T no power of two in 1 .. padded
    rotation(std::size_t dims, std::span<std::uint8_t const> flips, std::size_t block = 0)
        : dims_(dims), padded_(padded_dims(dims)), block_(block == 0 ? default_block(dims) : block), flips_(flips.begin(), flips.end()) {
        require(dims != 0, error_code::invalid_argument, "a rotation needs at least 1 dimension");
        require(flips.size() == rounds * padded_ / 8, error_code::invalid_argument, "a rotation of ", dims, " dimensions has ",
                rounds * padded_ / 8, " bytes of flips, not ", flips.size());
        require(std::has_single_bit(block_) && block_ <= padded_, error_code::invalid_argument, "a rotation of ", padded_,
                " coordinates cannot transform blocks of ", block_);
        set_factors();
    }

    [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t padded() const noexcept { return padded_; }
    [[nodiscard]] std::size_t block() const noexcept { return block_; }
    [[nodiscard]] std::span<std::uint8_t const> flips() const noexcept { return flips_; }

    /// @param in   [dims]
    /// @param out  [padded], may begin where `in` does
    void apply(std::span<float const> in, std::span<float> out) const noexcept {
        assert(in.size() == dims_ && out.size() == padded_);
        if (in.data() != out.data()) std::copy(in.begin(), in.end(), out.begin());
        std::fill(out.begin() + static_cast<std::ptrdiff_t>(dims_), out.end(), 0.0F);
        float* const x = out.data();
        for (std::size_t round = 0; round < rounds; ++round) {
            multiply(x, round);
            detail::hadamard(x + offset(round), block_);
            if (mixes()) mix(x);
        }
        if (mixes()) halve(x);
    }

    /// The inverse, in place: [padded]. The first `dims` values are what `apply` began with.
    void unrotate(std::span<float> y) const noexcept {
        assert(y.size() == padded_);
        float* const x = y.data();
        if (mixes()) halve(x);
        for (std::size_t round = rounds; round-- > 0;) {
            if (mixes()) mix(x);
            detail::hadamard(x + offset(round), block_);
            multiply(x, round);
        }
    }

    /// @param in   [padded]
    /// @param out  [dims]
    void apply_transposed(std::span<float const> in, std::span<float> out) const {
        assert(in.size() == padded_ && out.size() == dims_);
        std::vector<float> work(in.begin(), in.end());
        unrotate(work);
        std::copy_n(work.begin(), dims_, out.begin());
    }

private:
    static constexpr float sqrt_half = 0.70710678F;

    [[nodiscard]] static std::vector<std::uint8_t> flips_of(std::size_t dims, std::uint64_t seed) {
        std::vector<std::uint8_t> bytes(rounds * padded_dims(dims) / 8);
        splitmix64 random(seed);
        for (std::size_t i = 0; i < bytes.size(); i += 8) {
            std::uint64_t const word = random();
            for (std::size_t b = 0; b < 8; ++b) bytes[i + b] = static_cast<std::uint8_t>(word >> (8 * b));
        }
        return bytes;
    }

    [[nodiscard]] bool mixes() const noexcept { return block_ != padded_; }
    [[nodiscard]] std::size_t offset(std::size_t round) const noexcept { return round % 2 == 0 ? 0 : padded_ - block_; }

    /// One product a coordinate and round: the sign, the transform's scale, and that of the walk before it.
    void set_factors() {
        factors_.resize(rounds * padded_);
        double const scale = 1 / std::sqrt(static_cast<double>(block_));
        for (std::size_t round = 0; round < rounds; ++round)
            for (std::size_t i = 0; i < padded_; ++i) {
                std::size_t const bit = round * padded_ + i;
                bool const transformed = i - offset(round) < block_;  // wraps below the offset
                double const walked = mixes() && round > 0 ? double{sqrt_half} : 1.0;
                double const sign = (flips_[bit / 8] >> (bit % 8) & 1) != 0 ? -1.0 : 1.0;
                factors_[bit] = static_cast<float>(sign * walked * (transformed ? scale : 1.0));
            }
    }

    void multiply(float* x, std::size_t round) const noexcept {
        float const* const factor = factors_.data() + round * padded_;
        for (std::size_t i = 0; i < padded_; ++i) x[i] *= factor[i];
        detail::settle(x);
    }
    void mix(float* x) const noexcept {
        std::size_t const half = padded_ / 2;
        for (std::size_t i = 0; i < half; ++i) {
            float const a = x[i], b = x[i + half];
            x[i] = a + b;
            x[i + half] = a - b;
        }
    }
    void halve(float* x) const noexcept {
        for (std::size_t i = 0; i < padded_; ++i) x[i] *= sqrt_half;
        detail::settle(x);
    }

    std::size_t dims_;
    std::size_t padded_;
    std::size_t block_;
    std::vector<std::uint8_t> flips_;
    std::vector<float> factors_;
};

}  // namespace simile::quantize
