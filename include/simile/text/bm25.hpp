// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace simile::text {

/// How often a term stands in a text, weighed. With c = f / norm, norm = 1 - b + b * length / average length, f times in the text:
enum class bm25_kind : std::uint8_t {
    okapi = 1,  ///< f (k1 + 1) / (f + k1 norm). Robertson, Walker et al., "Okapi at TREC-3", 1994
    plus = 2,   ///< delta + that: a term counts in however long a text. Lv, Zhai, "Lower-bounding term frequency normalization", CIKM 2011
    l = 3,  ///< (c + delta) (k1 + 1) / (c + delta + k1): long texts lose less. Lv, Zhai, "When documents are very long, BM25 fails!", SIGIR 2011
};

struct bm25_options {
    bm25_kind kind = bm25_kind::okapi;
    /// How slowly a term's weight saturates, >= 0; 0 counts whether it is there.
    double k1 = 1.2;
    /// How much longer texts lose, 0 .. 1.
    double b = 0.75;
    /// Not used by okapi; >= 0. The papers have 1 for plus and 0.5 for l.
    double delta = 1;

    friend bool operator==(bm25_options const&, bm25_options const&) = default;
};

/// @throws error not_finite, invalid_argument
inline void check(bm25_options const& o) {
    require(std::isfinite(o.k1) && std::isfinite(o.b) && std::isfinite(o.delta), error_code::not_finite, "k1 ", o.k1, ", b ", o.b,
            ", delta ", o.delta);
    require(o.k1 >= 0 && o.b >= 0 && o.b <= 1 && o.delta >= 0, error_code::invalid_argument,
            "k1 must be at least 0, b in 0 .. 1, delta at least 0; got ", o.k1, ", ", o.b, " and ", o.delta);
    require(o.kind >= bm25_kind::okapi && o.kind <= bm25_kind::l, error_code::invalid_argument, "there is no BM25 of kind ",
            static_cast<unsigned>(o.kind));
}

/// What a term is worth: ln(1 + (n - df + 1/2) / (df + 1/2)), always above 0 (the form without 1 + is negative for terms of more than half of the texts).
/// @param texts      n, all of them
/// @param with_term  df <= n of them
[[nodiscard]] inline double bm25_idf(std::size_t texts, std::size_t with_term) noexcept {
    assert(with_term <= texts);
    return std::log1p((static_cast<double>(texts - with_term) + 0.5) / (static_cast<double>(with_term) + 0.5));
}

/// The weight of f >= 1 occurrences in a text of `length` terms; rises with f and falls with the length. A score is the sum of idf times this over the terms of a query
/// that the text has.
class bm25_rule {
public:
    /// @throws error as check
    bm25_rule(bm25_options const& options, double average_length)
        : kind_(options.kind), k1_(options.k1), delta_(options.delta), base_(1 - options.b), slope_(options.b / average_length) {
        check(options);
        if (!(average_length > 0)) slope_ = 0, base_ = 1;
    }

    [[nodiscard]] double operator()(float f, std::uint32_t length) const noexcept {
        double const times = static_cast<double>(f), norm = base_ + slope_ * length;
        if (kind_ == bm25_kind::l) {
            double const c = times / norm + delta_;
            return c * (k1_ + 1) / (c + k1_);
        }
        double const weight = times * (k1_ + 1) / (times + k1_ * norm);
        return kind_ == bm25_kind::plus ? weight + delta_ : weight;
    }

private:
    bm25_kind kind_;
    double k1_;
    double delta_;
    double base_;
    double slope_;
};

}  // namespace simile::text
