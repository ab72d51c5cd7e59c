// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForce.h"
#include "LearnedPairForceProxy.h"

using namespace LearnedPairPlugin;

/**
 * Registers the serialization of the force when this library is loaded. OpenMM loads the platform libraries of this
 * plugin, and each of them depends on this library.
 */
static const bool registered = [] {
    OpenMM::SerializationProxy::registerProxy(typeid(LearnedPairForce), new LearnedPairForceProxy());
    return true;
}();
