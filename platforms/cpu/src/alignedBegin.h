// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace LearnedPairPlugin {

/** The number of floats in a cache line. */
const int FloatsInCacheLine = 16;

/** Get the first element of an array that is aligned to a cache line. */
inline float* alignedBegin(std::vector<float>& storage) {
    size_t position = reinterpret_cast<uintptr_t>(storage.data()) / sizeof(float);
    return storage.data() + (FloatsInCacheLine - position % FloatsInCacheLine) % FloatsInCacheLine;
}

} // namespace LearnedPairPlugin
