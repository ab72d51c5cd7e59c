// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <thread>

namespace LearnedPairPlugin {

/** A barrier at which threads wait for each other. It takes a microsecond; waking them up once more takes a hundred. */
class SpinBarrier {
public:
    explicit SpinBarrier(int numThreads) : numThreads(numThreads), numWaiting(0), generation(0) {}
    /** Wait until all threads have called this. */
    void wait() {
        const int before = generation;
        if (++numWaiting == numThreads) {
            numWaiting = 0;
            generation++;
        }
        else
            while (generation == before)
                std::this_thread::yield();
    }

private:
    const int numThreads;
    std::atomic<int> numWaiting, generation;
};

} // namespace LearnedPairPlugin
