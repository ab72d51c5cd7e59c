// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ParticleRows.h"
#include <algorithm>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

ParticleRows::ParticleRows(const LearnedPairForce& force) : width(1), numRows(0), index(force.getNumParticles(), 0) {
    const PairFunction& function = force.getFunction();
    if (function.getNumFeatures() == 0) {
        numRows = maxRows = function.getNumTypes();
        for (int type = 0; type < numRows; type++)
            rows.push_back(type);
        for (int i = 0; i < force.getNumParticles(); i++)
            index[i] = std::max(force.getParticleType(i), 0);
        return;
    }
    width = function.getNumFeatures();
    maxRows = std::max(force.getNumParticles(), 1);
    std::map<vector<double>, int> known;
    for (int i = 0; i < force.getNumParticles(); i++) {
        if (force.getParticleType(i) == LearnedPairForce::NotCovered)
            continue;
        auto [position, isNew] = known.insert({force.getParticleFeatures(i), numRows});
        if (isNew) {
            rows.insert(rows.end(), position->first.begin(), position->first.end());
            numRows++;
        }
        index[i] = position->second;
    }
    if (numRows == 0) { // nobody will look at it
        rows.assign(width, 0.0);
        numRows = 1;
    }
}
