// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// OpenMMLearnedPairConfig.cmake runs this program, since only OpenMM's library knows its version.

#include "openmm/Platform.h"
#include <cstdio>

int main() {
    std::fputs(OpenMM::Platform::getOpenMMVersion().c_str(), stdout);
}
