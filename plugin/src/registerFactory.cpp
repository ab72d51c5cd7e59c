// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/registerFactory.h"
#include "LearnedPairKernels.h"
#include <memory>

using namespace LearnedPairPlugin;
using OpenMM::Platform;
using std::string;
using std::vector;

static vector<string> problems;

static string minorVersion(const string& version) {
    return version.substr(0, version.find('.', version.find('.') + 1));
}

const string& LearnedPairPlugin::getLibraryVersion() {
    static const string version = LEARNEDPAIR_VERSION;
    return version;
}

const vector<string>& LearnedPairPlugin::getRegistrationProblems() {
    return problems;
}

void LearnedPairPlugin::registerFactory(
        const string& platformName, OpenMM::KernelFactory* factory, const string& version) {
    std::unique_ptr<OpenMM::KernelFactory> owned(factory);
    const string& running = Platform::getOpenMMVersion();
    if (minorVersion(running) != minorVersion(LEARNEDPAIR_OPENMM_VERSION)) {
        problems.push_back("openmm-learnedpair was built for OpenMM " LEARNEDPAIR_OPENMM_VERSION
                           " and cannot be used with OpenMM " +
                running + ".");
        return;
    }
    if (version != LEARNEDPAIR_VERSION) {
        problems.push_back("The library of openmm-learnedpair for the platform " + platformName + " has the version " +
                version + ", and the others have the version " LEARNEDPAIR_VERSION ".");
        return;
    }
    for (int i = 0; i < Platform::getNumPlatforms(); i++)
        if (Platform::getPlatform(i).getName() == platformName) {
            Platform& platform = Platform::getPlatform(i);
            platform.registerKernelFactory(CalcLearnedPairForceKernel::Name(), owned.get());
            platform.registerKernelFactory(CalcLearnedPairForceKernel::EnvironmentName(), owned.release());
        }
}
