// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simile/core/error.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace simile::conformance {

using json = nlohmann::json;

/// A number of a vector file: "inf", "-inf" and "nan" are numbers there too.
[[nodiscard]] inline double number(json const& value) {
    if (!value.is_string()) return value.get<double>();
    auto const& text = value.get_ref<std::string const&>();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    require(text == "nan", error_code::invalid_argument, "not a number: ", text);
    return std::numeric_limits<double>::quiet_NaN();
}

template <class T>
[[nodiscard]] std::vector<T> numbers(json const& values) {
    std::vector<T> out;
    for (json const& v : values) out.push_back(static_cast<T>(number(v)));
    return out;
}

struct tolerance {
    double rel = 0, abs = 0;
    [[nodiscard]] bool close(double actual, double expected) const {
        if (std::isnan(expected)) return std::isnan(actual);
        return actual == expected || std::abs(actual - expected) <= std::max(abs, rel * std::abs(expected));
    }
};

/// The first difference between what came out and what should have, or nothing.
[[nodiscard]] inline std::string difference(json const& actual, json const& expected, tolerance const& within, std::string const& path) {
    bool const is_number = expected.is_number() || expected == "inf" || expected == "-inf" || expected == "nan";
    if (is_number) {
        if (!actual.is_number()) return path + " is no number";
        double const a = number(actual), e = number(expected);
        return within.close(a, e) ? "" : path + " is " + std::to_string(a) + ", not " + std::to_string(e);
    }
    if (expected.is_array()) {
        if (!actual.is_array() || actual.size() != expected.size())
            return path + " has another number of elements than " + std::to_string(expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            if (auto found = difference(actual[i], expected[i], within, path + "[" + std::to_string(i) + "]"); !found.empty()) return found;
        return "";
    }
    if (expected.is_object()) {
        for (auto const& [key, value] : expected.items()) {
            if (!actual.is_object() || !actual.contains(key)) return path + "." + key + " is not compared";
            if (auto found = difference(actual[key], value, within, path + "." + key); !found.empty()) return found;
        }
        return "";
    }
    return actual == expected ? "" : path + " is " + actual.dump() + ", not " + expected.dump();
}

}  // namespace simile::conformance
