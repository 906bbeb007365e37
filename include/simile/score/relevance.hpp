// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/core/similarity_kind.hpp>
#include <simile/score/calibration.hpp>
#include <simile/score/checks.hpp>
#include <simile/score/cosine_adapter.hpp>
#include <simile/score/gallery_moments.hpp>
#include <simile/score/surprise.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

/// What scores mean: the one map from the score of a hit to its relevance that an index keeps.
namespace simile::score {

/// Without labels: how surprising a score is against the gallery; see surprise().
struct surprise_relevance {
    gallery_moments moments;
    std::size_t items = 1;  ///< of the gallery, which may be more than the moments are of
};

/// Relevance of the scores of one query: rising, in [0, 1].
class query_relevance {
public:
    struct beta_of_cosine {
        beta_calibration map;
        [[nodiscard]] double operator()(double cosine) const noexcept { return map(beta_calibration::of_cosine(cosine)); }
    };
    struct steps {
        isotonic_calibration const* map;
        [[nodiscard]] double operator()(double score) const noexcept { return (*map)(score); }
    };
    struct outlier {
        gallery_moments::moments moments;
        std::size_t items;
        [[nodiscard]] double operator()(double score) const { return surprise(moments.z_score(score), items); }
    };
    using rule = std::variant<sigmoid_calibration, platt_calibration, beta_of_cosine, steps, adapter_map, outlier>;

    explicit query_relevance(rule by) : by_(by) {}

    [[nodiscard]] float operator()(float score) const {
        double const value = std::visit([&](auto const& map) { return static_cast<double>(map(double{score})); }, by_);
        return static_cast<float>(std::clamp(value, 0.0, 1.0));
    }

    /// The least float whose relevance is at least so much: a scan may drop every row that scores less, and nothing else is lost. -infinity when every score
    /// is relevant enough, +infinity when none is.
    [[nodiscard]] float least_score(double relevance) const {
        constexpr float infinite = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
        auto const is_enough = [&](float score) { return double{(*this)(score)} >= relevance; };
        if (is_enough(-most)) return -infinite;
        if (!is_enough(most)) return infinite;
        // Bisection over all floats in their order: 32 steps.
        std::int64_t low = place_of(-most), high = place_of(most);
        while (high - low > 1) {
            std::int64_t const middle = (low + high) / 2;
            (is_enough(float_at(middle)) ? high : low) = middle;
        }
        return float_at(high);
    }

private:
    /// Floats in rising order have rising places; both zeros have place 0.
    [[nodiscard]] static std::int64_t place_of(float value) noexcept {
        std::int64_t const size = std::bit_cast<std::uint32_t>(std::abs(value));
        return std::signbit(value) ? -size : size;
    }
    [[nodiscard]] static float float_at(std::int64_t place) noexcept {
        float const size = std::bit_cast<float>(static_cast<std::uint32_t>(place < 0 ? -place : place));
        return place < 0 ? -size : size;
    }

    rule by_;
};

/// One of the ways to tell relevance from a score. All but the first four need the query too.
class relevance_model {
public:
    using map =
        std::variant<sigmoid_calibration, platt_calibration, beta_calibration, isotonic_calibration, cosine_adapter, surprise_relevance>;

    /// @param by  must not fall as scores rise: scale >= 0, a <= 0 of Platt's, a and b >= 0 of beta calibration
    /// @throws error not_finite, invalid_argument, dimension_mismatch for parameters that make no such map
    explicit relevance_model(map by) : by_(std::move(by)) {
        std::visit([](auto const& m) { check(m); }, by_);
    }

    [[nodiscard]] map const& parameters() const noexcept { return by_; }

    /// Whether one cut-off of scores serves all queries.
    [[nodiscard]] bool needs_query() const noexcept {
        return std::holds_alternative<cosine_adapter>(by_) || std::holds_alternative<surprise_relevance>(by_);
    }

    /// @throws error dimension_mismatch (the model was made for other vectors), invalid_argument (a map of cosines for other scores)
    void check_fits(std::size_t dims, similarity_kind similarity) const {
        if (auto const* const adapter = std::get_if<cosine_adapter>(&by_)) detail::require_size(adapter->dims, dims, "the relevance model");
        if (auto const* const outliers = std::get_if<surprise_relevance>(&by_))
            detail::require_size(outliers->moments.dims(), dims, "the relevance model");
        bool const of_cosines = std::holds_alternative<cosine_adapter>(by_) || std::holds_alternative<beta_calibration>(by_);
        require(!of_cosines || similarity == similarity_kind::cosine, error_code::invalid_argument, "this relevance model is for cosines");
        require(!std::holds_alternative<surprise_relevance>(by_) || similarity != similarity_kind::squared_l2, error_code::invalid_argument,
                "this relevance model is for inner products");
    }

    /// Refers to this.
    /// @param query  as scores are made of it: of length 1 under cosine. Only read where needs_query().
    [[nodiscard]] query_relevance of(std::span<float const> query) const {
        struct reader {
            std::span<float const> query;
            query_relevance::rule operator()(sigmoid_calibration const& m) const { return m; }
            query_relevance::rule operator()(platt_calibration const& m) const { return m; }
            query_relevance::rule operator()(beta_calibration const& m) const { return query_relevance::beta_of_cosine{m}; }
            query_relevance::rule operator()(isotonic_calibration const& m) const { return query_relevance::steps{&m}; }
            query_relevance::rule operator()(cosine_adapter const& m) const { return m.map_of(query); }
            query_relevance::rule operator()(surprise_relevance const& m) const {
                return query_relevance::outlier{m.moments.of_scores(query), m.items};
            }
        };
        return query_relevance(std::visit(reader{query}, by_));
    }

private:
    static void check(sigmoid_calibration const& m) {
        detail::require_finite(m.scale, "the scale");
        detail::require_finite(m.offset, "the offset");
        require(m.scale >= 0, error_code::invalid_argument, "the scale is ", m.scale, ": relevance would fall as scores rise");
    }
    static void check(platt_calibration const& m) {
        detail::require_finite(m.a, "a");
        detail::require_finite(m.b, "b");
        require(m.a <= 0, error_code::invalid_argument, "a is ", m.a, ": relevance would fall as scores rise");
    }
    static void check(beta_calibration const& m) {
        for (double const v : {m.a, m.b, m.c}) detail::require_finite(v, "a parameter of beta calibration");
        require(m.a >= 0 && m.b >= 0, error_code::invalid_argument, "a and b are ", m.a, " and ", m.b,
                ": relevance would fall as scores rise");
    }
    static void check(isotonic_calibration const& m) {
        double last = -std::numeric_limits<double>::infinity(), value = 0;
        for (auto const& s : m.steps) {
            for (double const v : {s.low, s.high, s.value}) detail::require_finite(v, "a step");
            require(s.low > last && s.high >= s.low && s.value >= value && s.value <= 1, error_code::invalid_argument, "the step from ",
                    s.low, " to ", s.high, " of value ", s.value, " does not rise within 0 .. 1");
            last = s.high;
            value = s.value;
        }
    }
    static void check(cosine_adapter const& m) { m.check(); }
    static void check(surprise_relevance const& m) {
        require(m.moments.size() > 0, error_code::invalid_argument, "the moments of an empty gallery");
        detail::require_some(m.items, "the number of items");
    }

    map by_;
};

}  // namespace simile::score
