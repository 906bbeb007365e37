// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace simile::test {

/// A file of the data that does not belong to the repository: in the folder that the environment variable SIMILE_SHARED names, or else in
/// `shared` beside the repository. Without it the test counts as skipped, and says so.
[[nodiscard]] inline std::filesystem::path shared_file(std::string const& name) {
    char const* const folder = std::getenv("SIMILE_SHARED");
    std::filesystem::path const path = std::filesystem::path(folder != nullptr ? folder : SIMILE_DEFAULT_SHARED) / name;
    if (!std::filesystem::exists(path)) SKIP("NOT TESTED: there is no " << path << "; set SIMILE_SHARED to the folder of shared test data");
    return path;
}

}  // namespace simile::test
