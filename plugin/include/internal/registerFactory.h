// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include "openmm/KernelFactory.h"
#include <string>
#include <vector>

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * Register a factory with a platform. The platform then uses it to create kernels for pair functions and for
 * environment functions. If OpenMM has not loaded the platform, nothing happens. The platform is found by its name and
 * not by its class, because the class CpuPlatform is derived from ReferencePlatform.
 *
 * Nothing is registered, and getRegistrationProblems() tells why, if this plugin was built for another minor version of
 * OpenMM than the one that is running, or if the library of the platform has another version than this one: they can be
 * separate Python packages. No exception is thrown, since OpenMM does not catch it when it loads its plugins, so that
 * `import openmm` would fail.
 *
 * @param platformName  the name of the platform
 * @param factory       the factory; this function takes ownership of it
 * @param version       the version of the platform's library: the default argument is compiled into it
 */
LEARNEDPAIR_EXPORT void registerFactory(const std::string& platformName, OpenMM::KernelFactory* factory,
        const std::string& version = LEARNEDPAIR_VERSION);

/** Get the version of the library that contains this function. */
LEARNEDPAIR_EXPORT const std::string& getLibraryVersion();

/** Get why factories were not registered, one sentence for each. */
LEARNEDPAIR_EXPORT const std::vector<std::string>& getRegistrationProblems();

} // namespace LearnedPairPlugin
