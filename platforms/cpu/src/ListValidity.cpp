// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ListValidity.h"
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::Vec3;

// A list of all pairs is always complete. It is made anew after this displacement (nm), for the sake of the digits of
// positions in single precision.
static const double MaxDisplacementOfAllPairs = 1;

bool ListValidity::begin(const PeriodicBox& box) {
    currentBox = box;
    sameBox = (!periodic || box == builtBox);
    maxDisplacement = findMaxDisplacement(box);
    return maxDisplacement >= 0;
}

/**
 * Find the largest displacement for which the list is complete; negative if it must be rebuilt.
 *
 * A pair at distance d was, when the list was built, at a distance of at least d - |displacement 1| - |displacement 2|
 * - |m . change of the box|, where m counts the box vectors between the particle and the minimum image of the other
 * one: -1, 0 or 1 for positions in the box, and 1 more if one of them has been wrapped since.
 */
double ListValidity::findMaxDisplacement(const PeriodicBox& box) const {
    if (!isBuilt)
        return -1;
    if (std::isinf(skin))
        return MaxDisplacementOfAllPairs;
    double shift = 0;
    if (periodic)
        for (int k = 0; k < 3; k++) {
            Vec3 change = box.vectors[k] - builtBox.vectors[k];
            shift += 2 * std::sqrt(change.dot(change));
        }
    return 0.5 * (skin - shift);
}
