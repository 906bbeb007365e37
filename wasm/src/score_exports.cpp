// SPDX-License-Identifier: Apache-2.0
// What scores mean: banks, relevance, hubs; abi.md is the contract.
#include "fits.hpp"
#include "team.hpp"

#include <simile/eval/bootstrap.hpp>
#include <simile/eval/hubness.hpp>
#include <simile/score/relevance_bytes.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

using namespace simile;
using namespace simile::wasm;

EXPORT(simile_fit_bank)
std::uint32_t simile_fit_bank(std::uint32_t handle, std::uint32_t bank, std::uint32_t rows, std::uint32_t dims, std::uint32_t method,
                              std::uint32_t dynamic, std::uint32_t k, std::uint32_t active_k, double beta, double alpha) {
    return guarded([&] {
        require(method <= static_cast<std::uint32_t>(correction_method::csls) && dynamic <= 1, error_code::invalid_argument,
                "unknown method ", method);
        correction_options options;
        options.method = static_cast<correction_method>(method);
        options.dynamic = dynamic != 0;
        if (k != 0) options.k = k;
        options.active_k = active_k;
        options.beta = beta;
        options.alpha = alpha;
        options.threads = threads;
        auto const& index = indexes[handle].rows;
        matrix_view<float const> const given(at<float>(bank, std::size_t{rows} * dims).data(), rows, dims);
        answer.put(fits.add(std::make_shared<fit>(fit{index, correction_fit(*index, given, options)})));
    });
}

EXPORT(simile_fit_moments) std::uint32_t simile_fit_moments(std::uint32_t handle, std::uint32_t sample) {
    return guarded([&] {
        auto const& index = indexes[handle].rows;
        answer.put(fits.add(std::make_shared<fit>(fit{index, moments_fit(*index, sample)})));
    });
}

EXPORT(simile_fit_step) std::uint32_t simile_fit_step(std::uint32_t number, std::uint32_t rows) {
    return guarded([&] {
        std::visit(
            [&](auto& work) {
                work.step(rows);
                answer.put(static_cast<std::uint32_t>(work.done()));
                answer.put(static_cast<std::uint32_t>(work.total()));
            },
            fits[number].work);
    });
}

EXPORT(simile_fit_take) std::uint32_t simile_fit_take(std::uint32_t number, std::uint32_t handle, std::uint32_t is_kept) {
    return guarded([&] {
        scored_index& index = indexes[handle];
        fit const& done = fits[number];
        require(done.rows == index.rows, error_code::invalid_argument, "the fit is of another index");
        if (auto const* const moments = std::get_if<moments_fit>(&done.work)) {
            if (is_kept != 0)
                index.rows->set_relevance(moments->model());
            else
                index.unlabelled.emplace(moments->model());
            return;
        }
        correction_fit const& bank = fit_of(number);
        if (bank.bank_size() == 0)
            index.correction.reset();
        else if (index.correction)
            index.correction->set_bank(bank);
        else
            index.correction.emplace(index.rows, bank);
    });
}

EXPORT(simile_fit_destroy) void simile_fit_destroy(std::uint32_t number) { fits.remove(number); }

EXPORT(simile_set_relevance)
std::uint32_t simile_set_relevance(std::uint32_t handle, std::uint32_t kind, std::uint32_t numbers, std::uint32_t size) {
    return guarded([&] {
        vector_index& index = *indexes[handle].rows;
        if (size == 0) return index.set_relevance({});
        simile::detail::byte_reader in(at<std::byte>(numbers, size));
        index.set_relevance(score::relevance_model(score::detail::read_map(in, kind)));
    });
}

EXPORT(simile_relevance) std::uint32_t simile_relevance(std::uint32_t handle) {
    return guarded([&] {
        auto const* const model = indexes[handle].rows->relevance();
        if (model != nullptr) answer.put_all(std::span<std::byte const>(score::to_bytes(*model)));
    });
}

EXPORT(simile_fit_relevance)
std::uint32_t simile_fit_relevance(std::uint32_t kind, std::uint32_t scores, std::uint32_t labels, std::uint32_t count) {
    return guarded([&] {
        auto const of = at<float>(scores, count);
        auto const right = at<std::uint8_t>(labels, count);
        auto const fitted = [&]() -> score::relevance_model::map {
            switch (kind) {
                case 1: return score::fit_platt(of, right);
                case 2: {
                    std::vector<double> shares(count);
                    std::transform(of.begin(), of.end(), shares.begin(),
                                   [](float s) { return score::beta_calibration::of_cosine(double{s}); });
                    return score::fit_beta(shares, right);
                }
                case 3: return score::fit_isotonic(of, std::vector<float>(right.begin(), right.end()));
                default: fail(error_code::invalid_argument, "unknown calibration ", kind);
            }
        };
        answer.put_all(std::span<std::byte const>(score::to_bytes(score::relevance_model(fitted()))));
    });
}

EXPORT(simile_hubness)
std::uint32_t simile_hubness(std::uint32_t items, std::uint32_t k, std::uint32_t rows, std::uint32_t queries, std::uint32_t width) {
    return guarded([&] {
        eval::occurrence_counter counter(items, k);
        std::vector<hit> list(width);
        for (std::size_t q = 0; q < queries; ++q) {
            auto const found = at<std::uint32_t>(rows, std::size_t{queries} * width).subspan(q * width, width);
            std::transform(found.begin(), found.end(), list.begin(), [](row_t row) { return hit{row, 0}; });
            counter.add(list);
        }
        auto const m = counter.measures();
        for (double const value : {m.skewness, m.robin_hood, m.antihub_occurrence, m.hub_occurrence}) answer.put(value);
    });
}

EXPORT(simile_paired_test) std::uint32_t simile_paired_test(std::uint32_t before, std::uint32_t after, std::uint32_t count) {
    return guarded([&] { answer.put(eval::randomisation_test(at<double>(before, count), at<double>(after, count))); });
}
