// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/featureRanges.h"
#include "internal/formatNumber.h"
#include "internal/require.h"
#include <cmath>

using namespace LearnedPairPlugin;
using std::vector;

void LearnedPairPlugin::requireFeaturesInRange(const LearnedFunction& function, const vector<double>& features,
        const vector<bool>& covered, int firstParticle) {
    size_t count = function.getNumFeatures();
    for (size_t k = 0; k < count; k++) {
        const ParticleFeature& feature = function.getFeatures()[k];
        int numOutside = 0, first = 0;
        for (size_t i = 0; i < covered.size(); i++) {
            if (!covered[i])
                continue;
            double value = features[i * count + k];
            require(std::isfinite(value), "LearnedPairForce: the feature '", feature.name, "' of particle ",
                    firstParticle + i, " is ", value,
                    "; expected a finite number, or no features for a particle that is not covered.");
            if (!feature.range.allows(value) && numOutside++ == 0)
                first = i;
        }
        if (numOutside == 0)
            continue;
        std::stringstream others;
        if (numOutside > 1)
            others << " " << numOutside - 1 << " more are outside of it.";
        require(false, "LearnedPairForce: the feature '", feature.name, "' of particle ", firstParticle + first, " is ",
                features[first * count + k], "; expected ", feature.range.low, " to ", feature.range.high,
                ", the range that the function was made for.", others.str(),
                " Give no features to particles that the function does not cover, or make the force from a model that "
                "was loaded with other ranges.");
    }
}
