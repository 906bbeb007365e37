// SPDX-License-Identifier: Apache-2.0
// Our kernels in the native comparison with peers (see README.md beside this file). `kernels.hpp` is the harness's: a kernel scores `rows`
// rows of `stride` bytes against one query. A query that a search prepares once is prepared once here too: `prepared` keeps it.
#include "kernels.hpp"

#include <simile/quantize/planes.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace simile;

template <class T>
std::span<T const> vector_at(void const* p, std::size_t i, std::size_t stride, std::size_t size) {
    return {reinterpret_cast<T const*>(static_cast<char const*>(p) + i * stride), size};
}

/// A similarity functor on pairs.
template <class T, class Functor>
Kernel pair(std::string metric, std::string type, double bytes, Functor functor) {
    return {"simile pair",
            std::move(metric),
            std::move(type),
            bytes,
            bytes,
            [functor, bytes](void const* q, void const* base, std::size_t rows, std::size_t dim, std::size_t stride, float* out) {
                auto const size = static_cast<std::size_t>(static_cast<double>(dim) * bytes / sizeof(T));
                auto const query = vector_at<T>(q, 0, 0, size);
                for (std::size_t i = 0; i < rows; ++i) out[i] = static_cast<float>(functor(query, vector_at<T>(base, i, stride, size)));
            }};
}

/// What prepare(dim) gave for the last dim.
template <class Prepare>
auto prepared(Prepare prepare) {
    struct memory {
        std::size_t dim = 0;
        std::optional<decltype(prepare(std::size_t{}))> value;
    };
    return [prepare, last = std::make_shared<memory>()](std::size_t dim) -> auto const& {
        if (last->dim != dim) last->value.emplace(prepare(dim)), last->dim = dim;
        return *last->value;
    };
}

std::vector<float> query_values(std::size_t dim) {
    std::vector<float> values(dim);
    for (std::size_t i = 0; i < dim; ++i) values[i] = static_cast<float>(static_cast<int>(i * 7919 % 2001) - 1000) * 1e-3F;
    return values;
}

Kernel f16_rows() {
    auto const query = prepared(query_values);
    return {"simile f32 query",
            "dot",
            "f16",
            2,
            4,
            [query](void const*, void const* base, std::size_t rows, std::size_t dim, std::size_t stride, float* out) {
                float const* const q = query(dim).data();
                for (std::size_t i = 0; i < rows; ++i)
                    out[i] = simd::sum_pair<simd::product>(default_arch{}, q, vector_at<half>(base, i, stride, dim).data(), dim);
            }};
}

Kernel int8_rows() {
    auto const query = prepared([](std::size_t dim) { return simd::int8_row_query(query_values(dim)); });
    return {"simile one to many",
            "dot",
            "i8",
            1,
            1,
            [query](void const*, void const* base, std::size_t rows, std::size_t dim, std::size_t, float* out) {
                simd::dot_i8_rows(default_arch{}, query(dim), static_cast<std::int8_t const*>(base), rows,
                                  reinterpret_cast<std::int32_t*>(out));
            }};
}

/// Blocks of 32 rows; the last one may reach past the rows, as it does in an index.
Kernel sign_blocks() {
    auto const query = prepared([](std::size_t dim) { return quantize::planes_1_3_4(dim).prepare(query_values(dim), 1.0F); });
    return {"simile sign scan",
            "dot",
            "b1",
            .125,
            4,
            [query](void const*, void const* base, std::size_t rows, std::size_t dim, std::size_t, float* out) {
                using layout = simd::interleaved<1>;
                auto const* const codes = static_cast<std::uint8_t const*>(base);
                for (std::size_t b = 0; 32 * b < rows; ++b) {
                    simd::block_dots sums;
                    simd::interleaved_agreement(default_arch{}, query(dim).signs.data(), codes + layout::block_bytes(dim) * b,
                                                layout::groups(dim), sums);
                    for (std::size_t r = 0; r < 32 && 32 * b + r < rows; ++r) out[32 * b + r] = static_cast<float>(sums[r]);
                }
            }};
}

}  // namespace

void register_own(std::vector<Kernel>& kernels, std::vector<BatchKernel>&) {
    kernels.push_back(pair<float>("dot", "f32", 4, similarity::dot));
    kernels.push_back(pair<float>("l2sq", "f32", 4, similarity::squared_l2));
    kernels.push_back(pair<float>("cos", "f32", 4, similarity::cosine));
    kernels.push_back(f16_rows());
    kernels.push_back(pair<std::int8_t>("dot", "i8", 1, similarity::dot));
    kernels.push_back(int8_rows());
    kernels.push_back(pair<std::byte>("hamming", "b1", .125, similarity::hamming));
    kernels.push_back(sign_blocks());
}
