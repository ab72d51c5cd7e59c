// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForce.h"
#include "LearnedPairForceProxy.h"

using namespace LearnedPairPlugin;

/**
 * Makes the force known to OpenMM's serialization while this library is being loaded. It is loaded together with any
 * of the plugin's platform libraries, which OpenMM loads by itself.
 */
static const bool registered = [] {
    OpenMM::SerializationProxy::registerProxy(typeid(LearnedPairForce), new LearnedPairForceProxy());
    return true;
}();
