// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/score/checks.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::score {

struct logit_adjustment_options {
    double tau = 1;    ///< how much of the prior is taken away
    double scale = 1;  ///< of the scores as logits: 1 / temperature of the softmax they were trained with
};

/// One bias an item, tau / scale * ln prior: s - bias ranks as scale s - tau ln prior. Items that are common for no reason of the query rank lower.
///
/// Shape     priors [items], each at least 0; one of 0 is not adjusted
/// Unit      of the scores
/// @throws error not_finite, invalid_argument (a negative prior, a scale that is not positive)
/// Source    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, section 4.1: tau 1.
[[nodiscard]] inline std::vector<double> logit_adjustment(std::span<double const> priors, logit_adjustment_options const& options = {}) {
    detail::require_positive(options.scale, "the scale");
    detail::require_finite(options.tau, "tau");
    detail::require_finite(priors, "a prior");
    std::vector<double> out;
    for (double const prior : priors) {
        require(prior >= 0, error_code::invalid_argument, "a prior is ", prior, ", less than 0");
        out.push_back(prior == 0 ? 0.0 : options.tau / options.scale * std::log(prior));
    }
    return out;
}

/// Priors from how often each item was found, for example activation_set::counts(): (n + 1) / (N + items), which is never 0.
template <std::unsigned_integral Count>
[[nodiscard]] std::vector<double> smoothed_priors(std::span<Count const> counts) {
    double total = static_cast<double>(counts.size());
    for (Count const n : counts) total += static_cast<double>(n);
    std::vector<double> out;
    for (Count const n : counts) out.push_back((static_cast<double>(n) + 1) / total);
    return out;
}

}  // namespace simile::score
