// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include "openmm/KernelFactory.h"
#include <string>

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * Register a factory with a platform. The platform then uses it to create kernels for pair functions and for
 * environment functions. If OpenMM has not loaded the platform, nothing happens. The platform is found by its name and
 * not by its class, because the class CpuPlatform is derived from ReferencePlatform.
 *
 * @param platformName  the name of the platform
 * @param factory       the factory; this function takes ownership of it
 * @throws OpenMMException if this plugin was built for another minor version of OpenMM than the one that is running.
 *                         OpenMM then lists the plugin among those that failed to load.
 */
LEARNEDPAIR_EXPORT void registerFactory(const std::string& platformName, OpenMM::KernelFactory* factory);

} // namespace LearnedPairPlugin
