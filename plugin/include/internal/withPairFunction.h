// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "PairTable.h"
#include <memory>

namespace LearnedPairPlugin {

/** Make a force with the settings of another one, and with the pair function of its EnvironmentFunction. */
inline LearnedPairForce withPairFunction(const LearnedPairForce& force, const PairTable& table) {
    LearnedPairForce result(force);
    result.setFunction(std::make_shared<PairTable>(table));
    return result;
}

} // namespace LearnedPairPlugin
