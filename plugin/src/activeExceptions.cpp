// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/activeExceptions.h"
#include "internal/InteractionClasses.h"

using namespace LearnedPairPlugin;
using std::vector;

vector<ActiveException> LearnedPairPlugin::findActiveExceptions(const LearnedPairForce& force) {
    vector<ActiveException> result;
    if (force.getNumExceptions() == 0)
        return result;
    const InteractionClasses classes(force);
    for (int i = 0; i < force.getNumExceptions(); i++) {
        ActiveException exception;
        force.getExceptionParameters(i, exception.particle1, exception.particle2, exception.factor);
        int class1 = classes.particleClasses[exception.particle1],
            class2 = classes.particleClasses[exception.particle2];
        if (exception.factor != 0 && classes.doInteract(class1, class2))
            result.push_back(exception);
    }
    return result;
}
