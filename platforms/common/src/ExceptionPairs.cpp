// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ExceptionPairs.h"
#include <algorithm>
#include <vector>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::vector;

ExceptionPairs::ExceptionPairs(ComputeContext& cc, const LearnedPairForce& force) :
        cc(cc),
        count(force.getNumExceptions()) {
    atoms.initialize<mm_int2>(cc, count, "learnedPairExceptionAtoms");
    factors.initialize(
            cc, count, cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float), "learnedPairExceptionFactors");
    upload(force);
}

void ExceptionPairs::upload(const LearnedPairForce& force) {
    vector<mm_int2> pairs;
    vector<double> values;
    for (int i = 0; i < count; i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        pairs.push_back(mm_int2(particle1, particle2));
        values.push_back(factor);
    }
    atoms.upload(pairs);
    factors.upload(values, true);
}

void ExceptionPairs::addArguments(KernelArguments& arguments) {
    arguments.add("GLOBAL const real4* RESTRICT posq", cc.getPosq());
    arguments.add("GLOBAL const int2* RESTRICT exceptionAtoms", atoms);
    arguments.add("GLOBAL const real* RESTRICT exceptionFactors", factors);
}

int ExceptionPairs::findNumThreads(int partsPerPair) const {
    const int maxThreads = (int) cc.getEnergyBuffer().getSize() / GroupSize * GroupSize;
    const int needed = (partsPerPair * count + GroupSize - 1) / GroupSize * GroupSize;
    return std::min(needed, maxThreads);
}
