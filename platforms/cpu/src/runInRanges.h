// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/internal/ThreadPool.h"

namespace LearnedPairPlugin {

/** Below this number of particles one thread does the work: waking the others takes up to a tenth of a millisecond. */
const int MinParticlesForThreads = 5000;

/**
 * Divide the indices 0 to n-1 into ranges and call task(begin, end) for each of them, in as many threads as there are;
 * in the calling thread, for all of them, if there are few particles.
 */
template<class Task> void runInRanges(OpenMM::ThreadPool& threads, int numParticles, int n, Task task) {
    if (numParticles < MinParticlesForThreads) {
        task(0, n);
        return;
    }
    threads.execute([&](OpenMM::ThreadPool& pool, int thread) {
        long long numThreads = pool.getNumThreads();
        task((int) (thread * n / numThreads), (int) ((thread + 1) * n / numThreads));
    });
    threads.waitForThreads();
}

} // namespace LearnedPairPlugin
