// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything: similarities, codes, indexes, files.
#include <simile/core/progress.hpp>
#include <simile/core/random.hpp>
#include <simile/core/thread_pool.hpp>
#include <simile/index/file.hpp>
#include <simile/index/flat.hpp>
#include <simile/index/make_index.hpp>
#include <simile/index/progressive.hpp>
#include <simile/io/npy.hpp>
#include <simile/io/vecs.hpp>
#include <simile/similarity/cosine.hpp>
#include <simile/similarity/dot.hpp>
#include <simile/similarity/hamming.hpp>
#include <simile/similarity/squared_l2.hpp>
#include <simile/version.hpp>
