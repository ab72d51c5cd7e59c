// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// OpenMMLearnedPairConfig.cmake compiles and runs this program: OpenMM's headers do not contain the version, only its
// library does.

#include "openmm/Platform.h"
#include <cstdio>

int main() {
    std::fputs(OpenMM::Platform::getOpenMMVersion().c_str(), stdout);
}
