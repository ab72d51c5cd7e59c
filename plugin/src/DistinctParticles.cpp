// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/DistinctParticles.h"
#include <algorithm>
#include <string_view>
#include <unordered_map>

using namespace LearnedPairPlugin;
using std::vector;

DistinctParticles::DistinctParticles(const LearnedPairForce& force) :
        width(1),
        count(0),
        index(force.getNumParticles(), 0) {
    const LearnedFunction& function = force.getFunction();
    if (function.getParticleInput() == ParticleInput::Types) {
        count = function.getNumTypes();
        for (int type = 0; type < count; type++)
            values.push_back(type);
        for (int i = 0; i < force.getNumParticles(); i++)
            index[i] = std::max(force.getParticleType(i), 0);
        return;
    }
    width = function.getNumFeatures();
    const vector<double>& features = force.getAllParticleFeatures();
    std::unordered_map<std::string_view, int> known; // the index of a distinct particle by the bytes of its features
    for (int i = 0; i < force.getNumParticles(); i++) {
        if (force.getParticleType(i) == LearnedPairForce::NotCovered)
            continue;
        const double* begin = &features[(size_t) i * width];
        std::string_view bytes(reinterpret_cast<const char*>(begin), width * sizeof(double));
        auto [position, isNew] = known.insert({bytes, count});
        if (isNew) {
            values.insert(values.end(), begin, begin + width);
            count++;
        }
        index[i] = position->second;
    }
    if (count == 0) { // no particle is covered: add a placeholder, which no kernel reads
        values.assign(width, 0.0);
        count = 1;
    }
}

int DistinctParticles::countMax(const LearnedPairForce& force) {
    bool typed = (force.getFunction().getParticleInput() == ParticleInput::Types);
    return typed ? force.getFunction().getNumTypes() : std::max(force.getNumParticles(), 1);
}
