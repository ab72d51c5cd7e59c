// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/KernelFactory.h"
#include <string>

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * Register a factory for CalcLearnedPairForceKernel with the platform of exactly this name, if it is there.
 * (CpuPlatform is also a ReferencePlatform: a cast would register the wrong factory.) The platform takes ownership of
 * the factory.
 *
 * @throws OpenMMException if this plugin was built for another OpenMM than the one that is running. OpenMM reports it
 *         among the plugins that failed to load.
 */
LEARNEDPAIR_EXPORT void registerFactory(const std::string& platformName, OpenMM::KernelFactory* factory);

} // namespace LearnedPairPlugin
