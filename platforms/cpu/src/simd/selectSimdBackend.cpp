// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "openmm/OpenMMException.h"
#include "SimdBackend.h"
#include <cstdlib>
#include <string>
#include <vector>

using namespace LearnedPairPlugin;
using std::string;

struct InstructionSet {
    const SimdBackend* backend;
    bool isSupported;
};

const SimdBackend& LearnedPairPlugin::selectSimdBackend() {
    const InstructionSet sets[] = {// in order of preference
#if defined(LEARNEDPAIR_X86)
        {&avx512Backend,
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl")},
        {&avx2Backend, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
        {&sse4Backend, true}, // OpenMM's CPU platform requires it
#elif defined(LEARNEDPAIR_ARM)
        {&neonBackend, true}, // every 64-bit processor has it
#endif
        {&portableBackend, true}};
    const char* wanted = std::getenv("LEARNEDPAIR_CPU_INSTRUCTIONS");
    string names;
    for (auto& set : sets) {
        if (!set.isSupported)
            continue;
        if (wanted == nullptr || string(wanted).empty() || string(wanted) == set.backend->name)
            return *set.backend;
        names += (names.empty() ? "" : ", ") + string(set.backend->name);
    }
    throw OpenMM::OpenMMException("LearnedPairForce: the environment variable LEARNEDPAIR_CPU_INSTRUCTIONS is '" +
            string(wanted) + "'; expected an instruction set of this processor: " + names + ".");
}

const SimdBackend& LearnedPairPlugin::selectEnvironmentBackend(const std::vector<int>& orders) {
    const SimdBackend& best = selectSimdBackend();
#if defined(LEARNEDPAIR_X86)
    const char* wanted = std::getenv("LEARNEDPAIR_CPU_INSTRUCTIONS");
    if (&best != &avx512Backend || (wanted != nullptr && !string(wanted).empty()))
        return best;
    int count[NumOrders] = {}, longer = 0, shorter = 0;
    for (int order : orders)
        count[order]++;
    for (int channels : count) {
        longer += (channels + avx512Backend.blockSize - 1) / avx512Backend.blockSize * avx512Backend.blockSize;
        shorter += (channels + avx2Backend.blockSize - 1) / avx2Backend.blockSize * avx2Backend.blockSize;
    }
    if (longer > shorter)
        return avx2Backend;
#endif
    return best;
}
