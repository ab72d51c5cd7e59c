// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "Kernels.h"
#include "openmm/OpenMMException.h"
#include <cstdlib>
#include <string>

using namespace LearnedPairPlugin;
using std::string;

struct InstructionSet {
    const Kernels* kernels;
    bool isSupported;
};

const Kernels& LearnedPairPlugin::selectKernels() {
    const InstructionSet sets[] = {// the best one first
#if defined(LEARNEDPAIR_X86)
        {&avx512Kernels,
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl")},
        {&avx2Kernels, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
        {&sse4Kernels, true}, // without it there is no CPU platform
#endif
        {&portableKernels, true}};
    const char* wanted = std::getenv("LEARNEDPAIR_CPU_INSTRUCTIONS");
    string names;
    for (auto& set : sets) {
        if (!set.isSupported)
            continue;
        if (wanted == nullptr || string(wanted).empty() || string(wanted) == set.kernels->name)
            return *set.kernels;
        names += (names.empty() ? "" : ", ") + string(set.kernels->name);
    }
    throw OpenMM::OpenMMException("LearnedPairForce: the environment variable LEARNEDPAIR_CPU_INSTRUCTIONS is '" +
            string(wanted) + "'; expected one of those that this processor has: " + names + ".");
}
