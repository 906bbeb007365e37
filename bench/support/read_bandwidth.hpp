// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/aligned_buffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace simile::bench {

/// Bytes a second that one thread reads from memory: 512 MiB summed in eight 64-bit lanes, which compilers turn into the widest loads.
/// The best of some runs, because the limit is what the machine can do and not what its other tenants leave.
[[nodiscard]] inline double read_bandwidth() {
    aligned_vector<std::uint64_t> const words(std::size_t{1} << 26, std::uint64_t{1});
    double best = 0;
    for (int run = 0; run < 9; ++run) {
        auto const begin = std::chrono::steady_clock::now();
        std::uint64_t lane[8]{};
        for (std::size_t i = 0; i < words.size(); i += 8)
            for (std::size_t j = 0; j < 8; ++j) lane[j] += words[i + j];
        std::uint64_t volatile const sum = lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
        static_cast<void>(sum);
        std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - begin;
        best = std::max(best, static_cast<double>(8 * words.size()) / seconds.count());
    }
    return best;
}

}  // namespace simile::bench
