// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace LearnedPairPlugin {

/** What evaluates a LearnedPairForce in a Context: see LearnedPairForce::getKernelInfo(). */
struct KernelInfo {
    /** The name of the platform. */
    std::string platform;
    /**
     * Where the pairs are evaluated:
     *
     *  - "all pairs": in a loop over all pairs (Reference);
     *  - "SIMD loop": in vectorized loops over a neighbor list (CPU);
     *  - "shared kernel": in OpenMM's own nonbonded kernel, together with other forces (GPUs; the fastest);
     *  - "own kernel": in another nonbonded kernel of OpenMM's;
     *  - "compacted pairs": in a kernel of this plugin that first compacts the pairs in range.
     */
    std::string placement;
    /** The neighbor list: "shared" with OpenMM's other forces, "own", or "none". */
    std::string neighborList;
    /** On CPU the instruction set: "AVX512", "AVX2", "SSE4" or "portable"; elsewhere empty. */
    std::string instructionSet;
    /** Whether products with matrices run on tensor cores. */
    bool tensorCores = false;
    /** How the function is evaluated: "table" or "program". */
    std::string evaluation;
    /** The number of devices. */
    int numDevices = 1;
};

} // namespace LearnedPairPlugin
