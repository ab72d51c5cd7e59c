// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/serialization/SerializationProxy.h"

namespace LearnedPairPlugin {

/** Serializes a LearnedPairForce and its function. */
class LearnedPairForceProxy : public OpenMM::SerializationProxy {
public:
    LearnedPairForceProxy();
    void serialize(const void* object, OpenMM::SerializationNode& node) const override;
    void* deserialize(const OpenMM::SerializationNode& node) const override;
};

} // namespace LearnedPairPlugin
