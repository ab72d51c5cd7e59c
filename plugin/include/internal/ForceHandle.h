// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * A unique number of a C++ object. A number is never used again after its object has been deleted.
 *
 * Python holds a force by its address, and OpenMM deletes a force that is removed from its System. Python therefore
 * checks exists() before it uses the address.
 */
class LEARNEDPAIR_EXPORT ForceHandle {
public:
    ForceHandle();
    ~ForceHandle();
    /** Create a new number: a copy of an object is another object. */
    ForceHandle(const ForceHandle&) : ForceHandle() {}
    ForceHandle& operator=(const ForceHandle&) {
        return *this;
    }
    /** Get the number. */
    long long get() const {
        return number;
    }
    /** Get whether the object with a given number still exists. */
    static bool exists(long long number);

private:
    const long long number;
};

} // namespace LearnedPairPlugin
