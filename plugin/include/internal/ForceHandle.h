// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * A number that belongs to one object for as long as it lives, and to no other one ever.
 *
 * Other languages hold a force by its address, and OpenMM deletes a force that is removed from its System. With the
 * number they can ask whether the object is still there before they use the address.
 */
class LEARNEDPAIR_EXPORT ForceHandle {
public:
    ForceHandle();
    ~ForceHandle();
    /** A copy is another object, and has another number. */
    ForceHandle(const ForceHandle&) : ForceHandle() {}
    ForceHandle& operator=(const ForceHandle&) {
        return *this;
    }
    long long get() const {
        return number;
    }
    /** Get whether the object with a number still exists. */
    static bool exists(long long number);

private:
    const long long number;
};

} // namespace LearnedPairPlugin
