// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace LearnedPairPlugin {

/** How a Context evaluates a LearnedPairForce. LearnedPairForce::getKernelInfo() returns it. */
struct KernelInfo {
    /** The name of the OpenMM platform. */
    std::string platform;
    /**
     * The kernel or loop that evaluates the pairs:
     *
     *  - "all pairs": a loop over all pairs (Reference);
     *  - "SIMD loop": vectorized loops over a neighbor list (CPU);
     *  - "shared kernel": OpenMM's own nonbonded kernel, together with other forces (GPUs; the fastest);
     *  - "own kernel": a second nonbonded kernel of OpenMM, which evaluates this force alone (GPUs);
     *  - "compacted pairs": a kernel of this plugin that first compacts the pairs in range (GPUs; for environment
     *    functions one of two kernels for pairs).
     */
    std::string placement;
    /** The neighbor list: "shared" with OpenMM's other forces, "own", or "none". */
    std::string neighborList;
    /** The instruction set on CPU: "AVX512", "AVX2", "SSE4", "NEON" or "portable". Empty on other platforms. */
    std::string instructionSet;
    /** Whether matrix products run on tensor cores. */
    bool tensorCores = false;
    /** How the function is evaluated: with a "table", by running its "program", or as an "environment" function. */
    std::string evaluation;
    /** If a program is evaluated exactly: why not with tables. See LearnedPairForce::setEvaluation(). */
    std::string exactBecause;
    /** The number of distinct curves of the tables that evaluate a program, or 0 if there are none. */
    int numCurves = 0;
    /** The number of curves that were made so far, also for other values of the global parameters. */
    long long numCurvesMade = 0;
    /** The size of their coefficients in single precision. */
    size_t tableBytes = 0;
    /**
     * The largest measured error of the force of tables that evaluate a program, relative to |F| + 1 kJ/mol/nm. It is 0
     * if the function itself is a table.
     */
    double maxRelativeForceError = 0;
    /** The number of devices that the Context uses. */
    int numDevices = 1;
};

} // namespace LearnedPairPlugin
