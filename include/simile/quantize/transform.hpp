// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>
#include <simile/quantize/transform_stages.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace simile::quantize {

/// The map from vectors as they come into the space that codes live in: any of centring, a prefix or subset of the dimensions, a projection and
/// a random rotation, one after the other.
///
///     auto const t = transform(384).centred(mean).rotated();      // T(x - mean)
///     t.map_row(x, row);   double const g = t.map_query(q, query);
///
/// Exact     <q, x> = g + <query, row> for orthogonal steps (centring, rotation, a prefix or subset of all dimensions), to rounding. Steps that
///           drop dimensions after centring drop them from x - mean alone; <q, mean> stays whole.
/// Scratch   the maps need `scratch_floats()` floats; without a span of them they allocate.
class transform {
public:
    /// The identity.
    /// @throws error invalid_argument when dims is 0
    explicit transform(std::size_t dims) : dims_(dims) {
        require(dims != 0, error_code::invalid_argument, "a transform needs at least 1 dimension");
    }

    /// Each of these gives this transform and one more step after it.
    /// @throws error dimension_mismatch unless there is a value for each code dimension; and those of the steps in transform_stages.hpp
    [[nodiscard]] transform centred(std::span<float const> mean) const {
        require(mean.size() == code_dims(), error_code::dimension_mismatch, "the mean has ", mean.size(), " dimensions, not ", code_dims());
        return with(stage::centring(mean));
    }
    /// @throws error invalid_argument also when `renormalise` comes after centring: <q, mean> would lose its meaning
    [[nodiscard]] transform prefix(std::size_t k, bool renormalise) const {
        bool const centres =
            std::any_of(stages_.begin(), stages_.end(), [](auto const& s) { return std::holds_alternative<stage::centring>(s); });
        require(!(renormalise && centres), error_code::invalid_argument, "a prefix cannot be renormalised after centring: cut first");
        return with(stage::prefix(code_dims(), k, renormalise));
    }
    [[nodiscard]] transform subset(std::span<std::uint32_t const> indices) const { return with(stage::subset(code_dims(), indices)); }
    /// @param matrix  [k * code_dims()], row after row
    [[nodiscard]] transform projected(std::span<float const> matrix) const { return with(stage::projection(code_dims(), matrix)); }
    [[nodiscard]] transform rotated(std::uint64_t seed = rotation::default_seed) const {
        return with(stage::rotated(rotation(code_dims(), seed)));
    }
    /// @throws error dimension_mismatch when the rotation is of other dimensions
    [[nodiscard]] transform rotated(rotation map) const {
        require(map.dims() == code_dims(), error_code::dimension_mismatch, "the rotation has ", map.dims(), " dimensions, not ",
                code_dims());
        return with(stage::rotated(std::move(map)));
    }

    [[nodiscard]] std::size_t input_dims() const noexcept { return dims_; }
    [[nodiscard]] std::size_t code_dims() const noexcept { return stages_.empty() ? dims_ : dims_out(stages_.back()); }
    [[nodiscard]] bool is_identity() const noexcept { return stages_.empty(); }
    [[nodiscard]] std::size_t scratch_floats() const noexcept {
        std::size_t widest = 0;
        for (auto const& s : stages_)
            widest = std::max(widest, std::visit([](auto const& one) { return std::max(one.dims_in(), one.dims_out()); }, s));
        return stages_.size() < 2 ? 0 : 2 * widest;
    }

    /// @param x    [input_dims()]
    /// @param out  [code_dims()]
    void map_row(std::span<float const> x, std::span<float> out, std::span<float> scratch) const noexcept {
        run(x, out, scratch, [](auto const& one, auto in, auto to) { one.row(in, to); });
    }
    void map_row(std::span<float const> x, std::span<float> out) const {
        std::vector<float> scratch(scratch_floats());
        map_row(x, out, scratch);
    }

    /// Returns what every score has in common: <q, mean>, 0 without centring.
    double map_query(std::span<float const> q, std::span<float> out, std::span<float> scratch) const noexcept {
        double constant = 0;
        run(q, out, scratch, [&](auto const& one, auto in, auto to) { constant += one.query(in, to); });
        return constant;
    }
    double map_query(std::span<float const> q, std::span<float> out) const {
        std::vector<float> scratch(scratch_floats());
        return map_query(q, out, scratch);
    }

    /// The vector whose row is y, as near as what was dropped allows: mean + T' y.
    /// @param y    [code_dims()]
    /// @param out  [input_dims()]
    void unmap(std::span<float const> y, std::span<float> out) const {
        assert(y.size() == code_dims() && out.size() == dims_);
        std::vector<float> now(y.begin(), y.end()), next;
        for (std::size_t i = stages_.size(); i-- > 0;)
            std::visit(
                [&](auto const& one) {
                    next.assign(one.dims_in(), 0.0F);
                    one.back(now, next);
                    now.swap(next);
                },
                stages_[i]);
        std::copy(now.begin(), now.end(), out.begin());
    }

    using any_stage = std::variant<stage::centring, stage::prefix, stage::subset, stage::projection, stage::rotated>;
    [[nodiscard]] std::span<any_stage const> stages() const noexcept { return stages_; }

private:
    [[nodiscard]] static std::size_t dims_out(any_stage const& s) noexcept {
        return std::visit([](auto const& one) { return one.dims_out(); }, s);
    }
    template <class Stage>
    [[nodiscard]] transform with(Stage added) const {
        transform longer(*this);
        longer.stages_.emplace_back(std::move(added));
        return longer;
    }

    /// Hands each step what the one before it left: in one half of the scratch, then in the other, at last in `out`.
    template <class Step>
    void run(std::span<float const> in, std::span<float> out, std::span<float> scratch, Step step) const noexcept {
        assert(in.size() == dims_ && out.size() == code_dims() && scratch.size() >= scratch_floats());
        if (stages_.empty()) std::copy(in.begin(), in.end(), out.begin());
        for (std::size_t i = 0; i < stages_.size(); ++i) {
            bool const last = i + 1 == stages_.size();
            auto const to = last ? out : scratch.subspan(i % 2 * (scratch.size() / 2), dims_out(stages_[i]));
            std::visit([&](auto const& one) { step(one, in, to); }, stages_[i]);
            in = to;
        }
    }

    std::size_t dims_;
    std::vector<any_stage> stages_;
};

}  // namespace simile::quantize
