// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace simile::fit {

/// Adam: gradient descent whose steps are measured by the recent size of each slope, with the usual constants 0.9, 0.999 and 1e-8. The first
/// steps have the size of the rate, whatever the scale of the loss.
/// Source  Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.
class adam {
public:
    /// @param rate  > 0
    adam(std::size_t size, double rate) : first_(size), second_(size), rate_(rate) {}

    /// Moves the parameters one step down.
    /// @param parameters, gradient  [size]
    void step(std::span<double> parameters, std::span<double const> gradient) noexcept {
        assert(parameters.size() == first_.size() && gradient.size() == first_.size());
        decay1_ *= 0.9;
        decay2_ *= 0.999;
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            first_[i] = 0.9 * first_[i] + 0.1 * gradient[i];
            second_[i] = 0.999 * second_[i] + 0.001 * gradient[i] * gradient[i];
            parameters[i] -= rate_ * (first_[i] / (1 - decay1_)) / (std::sqrt(second_[i] / (1 - decay2_)) + 1e-8);
        }
    }

private:
    std::vector<double> first_, second_;
    double rate_;
    double decay1_ = 1, decay2_ = 1;
};

}  // namespace simile::fit
