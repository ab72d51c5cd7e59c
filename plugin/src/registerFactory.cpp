// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/registerFactory.h"
#include "LearnedPairKernels.h"
#include "openmm/OpenMMException.h"

using namespace LearnedPairPlugin;
using OpenMM::Platform;
using std::string;

static string minorVersion(const string& version) {
    return version.substr(0, version.find('.', version.find('.') + 1));
}

void LearnedPairPlugin::registerFactory(const string& platformName, OpenMM::KernelFactory* factory) {
    std::unique_ptr<OpenMM::KernelFactory> owned(factory);
    const string& running = Platform::getOpenMMVersion();
    if (minorVersion(running) != minorVersion(LEARNEDPAIR_OPENMM_VERSION))
        throw OpenMM::OpenMMException("openmm-learnedpair was built for OpenMM " LEARNEDPAIR_OPENMM_VERSION
                                      " and cannot be used with OpenMM " +
                running + "; build it again.");
    for (int i = 0; i < Platform::getNumPlatforms(); i++)
        if (Platform::getPlatform(i).getName() == platformName) {
            Platform& platform = Platform::getPlatform(i);
            platform.registerKernelFactory(CalcLearnedPairForceKernel::Name(), owned.get());
            platform.registerKernelFactory(CalcLearnedPairForceKernel::EnvironmentName(), owned.release());
        }
}
