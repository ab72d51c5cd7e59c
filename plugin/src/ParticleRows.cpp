// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ParticleRows.h"
#include <algorithm>
#include <string>
#include <unordered_map>

using namespace LearnedPairPlugin;
using std::vector;

ParticleRows::ParticleRows(const LearnedPairForce& force) : width(1), numRows(0), index(force.getNumParticles(), 0) {
    const PairFunction& function = force.getFunction();
    if (function.getNumFeatures() == 0) {
        numRows = function.getNumTypes();
        for (int type = 0; type < numRows; type++)
            rows.push_back(type);
        for (int i = 0; i < force.getNumParticles(); i++)
            index[i] = std::max(force.getParticleType(i), 0);
        return;
    }
    width = function.getNumFeatures();
    std::unordered_map<std::string, int> known; // by the bytes of a row
    for (int i = 0; i < force.getNumParticles(); i++) {
        vector<double> row = force.getParticleFeatures(i);
        if (row.empty())
            continue;
        std::string bytes(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(double));
        auto [position, isNew] = known.insert({bytes, numRows});
        if (isNew) {
            rows.insert(rows.end(), row.begin(), row.end());
            numRows++;
        }
        index[i] = position->second;
    }
    if (numRows == 0) { // nobody will look at it
        rows.assign(width, 0.0);
        numRows = 1;
    }
}

int ParticleRows::countMost(const LearnedPairForce& force) {
    return force.getFunction().getNumFeatures() == 0 ? force.getFunction().getNumTypes()
                                                     : std::max(force.getNumParticles(), 1);
}
