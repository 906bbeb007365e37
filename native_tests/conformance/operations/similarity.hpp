// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common.hpp"
#include "reading.hpp"

#include <simile/core/matrix_view.hpp>
#include <simile/core/norm.hpp>
#include <simile/similarity/box.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/csd.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/dtw.hpp>
#include <simile/similarity/euclip.hpp>
#include <simile/similarity/gaussian_kl.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/harmonic.hpp>
#include <simile/similarity/harmonic_max.hpp>
#include <simile/similarity/interpolated_distance.hpp>
#include <simile/similarity/jaccard.hpp>
#include <simile/similarity/kernel_mixture.hpp>
#include <simile/similarity/laplacian.hpp>
#include <simile/similarity/lorentz.hpp>
#include <simile/similarity/masked_cosine.hpp>
#include <simile/similarity/max_sim.hpp>
#include <simile/similarity/merge_tokens.hpp>
#include <simile/similarity/pcme_match.hpp>
#include <simile/similarity/polynomial.hpp>
#include <simile/similarity/pooling.hpp>
#include <simile/similarity/rbf.hpp>
#include <simile/similarity/rbf_mixture.hpp>
#include <simile/similarity/sequence_match.hpp>
#include <simile/similarity/snr.hpp>
#include <simile/similarity/soft_cosine.hpp>
#include <simile/similarity/squared_l2.hpp>
#include <simile/similarity/symmetric_max_sim.hpp>
#include <simile/similarity/term_similarities.hpp>
#include <simile/similarity/vote_offsets.hpp>
#include <simile/similarity/wasserstein.hpp>
#include <simile/similarity/weighted_cosine.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace simile::conformance {

template <class T, class Functor>
[[nodiscard]] auto compare(Functor functor, json const& in) {
    auto const x = numbers<T>(in.at("x")), y = numbers<T>(in.at("y"));
    require_same_size(x, y);
    return functor(std::span<T const>(x), std::span<T const>(y));
}

template <class Functor>
[[nodiscard]] operation pair_operation(std::string field, Functor functor) {
    return [=](json const& in) -> json {
        if (in.value("type", "f32") == "i8") return {{field, compare<std::int8_t>(functor, in)}};
        return {{field, compare<float>(functor, in)}};
    };
}

template <class Functor>
[[nodiscard]] operation bit_operation(std::string field, Functor functor) {
    return [=](json const& in) -> json {
        auto const x = numbers<std::uint8_t>(in.at("x")), y = numbers<std::uint8_t>(in.at("y"));
        require_same_size(x, y);
        return {{field, functor(std::as_bytes(std::span(x)), std::as_bytes(std::span(y)))}};
    };
}

[[nodiscard]] inline json snr_operation(json const& in) {
    auto const [anchor, other] = vectors_of(in.at("anchor"), in.at("other"));
    return {{"distance", similarity::snr(anchor, other)}, {"reverse", similarity::snr(other, anchor)}};
}

struct gaussian_of_json {
    gaussian_of_json(json const& m, json const& v) : mean(numbers<float>(m)), variance(numbers<float>(v)) {}
    [[nodiscard]] similarity::gaussian_view view() const { return {mean, variance}; }

    std::vector<float> mean, variance;
};

[[nodiscard]] inline json gaussian_kl_operation(json const& in) {
    using similarity::gaussian_kl;
    gaussian_of_json const query(in.at("query").at("mean"), in.at("query").at("var"));
    std::size_t const length = gaussian_kl.mapped_dims(query.mean.size());
    auto const q = written(length, [&](auto out) { gaussian_kl.query(query.view(), out); });
    std::vector<float> kl, dots;
    for (json const& doc : in.at("docs")) {
        gaussian_of_json const item(doc.at("mean"), doc.at("var"));
        kl.push_back(gaussian_kl(query.view(), item.view()));
        dots.push_back(similarity::dot(reproducible, q, written(length, [&](auto out) { gaussian_kl.item(item.view(), out); })));
    }
    std::vector<std::size_t> order(dots.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return dots[a] != dots[b] ? dots[a] > dots[b] : a < b; });
    return {{"kl", kl}, {"dot", dots}, {"order", order}};
}

[[nodiscard]] inline json csd_operation(json const& in) {
    gaussian_of_json const x(in.at("mean1"), in.at("var1")), y(in.at("mean2"), in.at("var2"));
    similarity::csd_match const match(parameter(in, "a", 5), parameter(in, "b", 5));
    return {{"csd", similarity::csd(x.view(), y.view())},
            {"logit", match.logit(x.view(), y.view())},
            {"probability", match(x.view(), y.view())},
            {"wasserstein", similarity::wasserstein(x.view(), y.view())}};
}

[[nodiscard]] inline json pcme_operation(json const& in) {
    rows_of_json const x(in.at("samples1")), y(in.at("samples2"));
    return {{"probability", similarity::pcme_match(parameter(in, "a", 5), parameter(in, "b", 5))(x.matrix(), y.matrix())}};
}

[[nodiscard]] inline json geometry_operation(json const& in) {
    auto const [x, y] = vectors_of(in.at("x"), in.at("y"));
    similarity::lorentz const unit(1), half(0.5);
    return {{"lorentz_c1", unit(x, y)},
            {"lorentz_c05", half(x, y)},
            {"exp_map0_x", written(x.size(), [&v = x, &unit](auto out) { unit.exp_map(v, out); })},
            {"neg_sq_euclid", similarity::euclip()(x, y)}};
}

[[nodiscard]] inline json box_operation(json const& in) {
    auto const c1 = numbers<float>(in.at("c1")), o1 = numbers<float>(in.at("o1")), c2 = numbers<float>(in.at("c2")),
               o2 = numbers<float>(in.at("o2"));
    similarity::box_view const given{c1, o1}, other{c2, o2};
    return {{"hard", similarity::box_containment()(given, other)}, {"soft_beta5", similarity::box_containment(5)(given, other)}};
}

[[nodiscard]] inline json soft_cosine_operation(json const& in) {
    similarity::term_similarity_options options;
    options.exponent = parameter(in, "exponent", options.exponent);
    options.threshold = parameter(in, "threshold", options.threshold);
    options.neighbours = count(in, "neighbours", options.neighbours);
    rows_of_json const given(in.contains("S") ? in.at("S") : in.at("terms"));
    auto const s = in.contains("S") ? given.values : similarity::term_similarities(given.matrix(), options);
    matrix_view<float const> const matrix(s.data(), given.count, in.contains("S") ? given.dims : given.count);
    auto const [a, b] = vectors_of(in.at("a"), in.at("b"));
    return {{"S", json_rows(matrix)}, {"soft", similarity::soft_cosine(matrix)(a, b)}, {"plain", similarity::cosine(reproducible, a, b)}};
}

[[nodiscard]] inline json dtw_operation(json const& in) {
    rows_of_json const a(in.at("A")), b(in.at("B"));
    std::size_t const window = count(in, "window", similarity::dtw<>::unbounded);
    auto const found = similarity::dtw(window).measure(a.matrix(), b.matrix());
    return {{"cost", found.cost},
            {"path", found.frames},
            {"cost_cosine", similarity::dtw(window, similarity::cosine_frames{})(a.matrix(), b.matrix())},
            {"interpolated_euclid", similarity::interpolated_distance(a.matrix(), b.matrix())}};
}

[[nodiscard]] inline json sequence_match_operation(json const& in) {
    rows_of_json const index(in.at("index")), query(in.at("query"));
    auto const recordings = numbers<row_t>(in.value("recordings", json::array()));
    similarity::sequence_match_options const options{count(in, "k", 20), count(in, "limit", 5), recordings};
    json ranked = json::array();
    for (auto const& [start, score] : similarity::sequence_match(query.matrix(), index.matrix(), options))
        ranked.push_back({{"start", start}, {"score", score}});
    return {{"ranked", ranked}};
}

[[nodiscard]] inline json vote_offsets_operation(json const& in) {
    std::vector<similarity::offset_vote> votes;
    for (json const& v : in.at("votes"))
        votes.push_back({v.at("group").get<std::uint32_t>(), number(v.at("query_time")), number(v.at("item_time")),
                         static_cast<float>(number(v.at("similarity")))});
    json peaks = json::array();
    for (auto const& p : similarity::vote_offsets(votes, number(in.at("bin")), static_cast<float>(parameter(in, "background", 0))))
        peaks.push_back({{"group", p.group}, {"offset", p.offset}, {"score", p.score}, {"votes", p.votes}});
    return {{"peaks", peaks}};
}

[[nodiscard]] inline json harmonic_operation(json const& in) {
    auto const parts = numbers<float>(in.at("parts"));
    if (!in.contains("weights")) return {{"harmonic", similarity::harmonic(parts)}};
    return {{"harmonic", similarity::harmonic(parts, numbers<float>(in.at("weights")))}};
}

[[nodiscard]] inline json harmonic_max_operation(json const& in) {
    auto const distances = numbers<float>(in.at("distances"));
    return {{"probabilities",
             written(distances.size(), [&](auto out) { similarity::harmonic_max(distances, number(in.at("exponent")), out); })}};
}

[[nodiscard]] inline json kernels_operation(json const& in) {
    auto const [x, y] = vectors_of(in.at("x"), in.at("y"));
    double const gamma = parameter(in, "gamma", 1);
    similarity::rbf const rbf(gamma);
    similarity::laplacian const laplacian(gamma);
    similarity::polynomial const polynomial(static_cast<unsigned>(count(in, "degree", 2)), gamma, parameter(in, "c", 1));
    json out = {{"rbf", rbf(x, y)}, {"laplacian", laplacian(x, y)}, {"polynomial", polynomial(x, y)}};
    if (in.contains("gammas")) out["rbf_mixture"] = similarity::rbf_mixture(numbers<double>(in.at("gammas")))(x, y);
    if (in.contains("weights")) {
        auto const w = numbers<float>(in.at("weights"));
        require(w.size() == 3, error_code::dimension_mismatch, w.size(), " weights for 3 kernels");
        out["mixture"] = similarity::kernel_mixture({w[0], w[1], w[2]}, rbf, laplacian, polynomial)(x, y);
    }
    return out;
}

[[nodiscard]] inline json weighted_cosine_operation(json const& in) {
    auto const [x, y] = vectors_of(in.at("x"), in.at("y"));
    json out = json::object();
    if (in.contains("weights")) {
        similarity::weighted_cosine const weighted(numbers<float>(in.at("weights")));
        similarity::detail::require_dims(x.size(), weighted.dims(), "x");
        out["weighted"] = weighted(x, y);
    }
    if (in.contains("mask")) {
        similarity::masked_cosine const masked(numbers<float>(in.at("mask")));
        similarity::detail::require_dims(x.size(), masked.dims(), "x");
        out["masked"] = masked(x, y);
    }
    return out;
}

[[nodiscard]] inline json max_sim_operation(json const& in) {
    rows_of_json const query(in.at("query")), item(in.at("item"));
    return {{"max_sim", similarity::max_sim(query.matrix(), item.matrix())},
            {"reverse", similarity::max_sim(item.matrix(), query.matrix())},
            {"symmetric", similarity::symmetric_max_sim(query.matrix(), item.matrix())}};
}

[[nodiscard]] inline json pooling_operation(json const& in) {
    rows_of_json const tokens(in.at("tokens"));
    auto const pool = [&](auto&& pooling) { return written(tokens.dims, pooling); };
    json out = {{"mean", pool([&](auto to) { similarity::mean_pooling(tokens.matrix(), to); })},
                {"generalised", pool([&](auto to) { similarity::generalised_mean_pooling(tokens.matrix(), to, parameter(in, "p", 3)); })}};
    if (in.contains("weights"))
        out["weighted"] = pool([&](auto to) { similarity::mean_pooling(tokens.matrix(), numbers<float>(in.at("weights")), to); });
    if (in.contains("query"))
        out["query_weighted"] = pool([&](auto to) {
            similarity::query_weighted_pooling(tokens.matrix(), numbers<float>(in.at("query")), to, parameter(in, "temperature", 0.1));
        });
    return out;
}

[[nodiscard]] inline json merge_tokens_operation(json const& in) {
    rows_of_json const tokens(in.at("tokens"));
    auto const merged =
        similarity::merge_tokens(tokens.matrix(), {count(in, "max_tokens", 1), static_cast<float>(parameter(in, "threshold", -1))});
    return {{"tokens", json_rows(merged.matrix())}, {"counts", merged.counts}};
}

[[nodiscard]] inline operation_map similarity_operations() {
    return {
        {"similarity/dot", pair_operation("dot", similarity::dot)},
        {"similarity/cosine", pair_operation("cosine", similarity::cosine)},
        {"similarity/squared_l2", pair_operation("squared_l2", similarity::squared_l2)},
        {"similarity/hamming", bit_operation("hamming", similarity::hamming)},
        {"similarity/jaccard", bit_operation("jaccard", similarity::jaccard)},
        {"similarity/snr", snr_operation},
        {"similarity/gaussian_kl", gaussian_kl_operation},
        {"similarity/csd", csd_operation},
        {"similarity/pcme_match", pcme_operation},
        {"similarity/geometry", geometry_operation},
        {"similarity/box", box_operation},
        {"similarity/soft_cosine", soft_cosine_operation},
        {"similarity/dtw", dtw_operation},
        {"similarity/sequence_match", sequence_match_operation},
        {"similarity/vote_offsets", vote_offsets_operation},
        {"similarity/harmonic", harmonic_operation},
        {"similarity/harmonic_max", harmonic_max_operation},
        {"similarity/kernels", kernels_operation},
        {"similarity/weighted_cosine", weighted_cosine_operation},
        {"similarity/max_sim", max_sim_operation},
        {"similarity/pooling", pooling_operation},
        {"similarity/merge_tokens", merge_tokens_operation},
    };
}

}  // namespace simile::conformance
