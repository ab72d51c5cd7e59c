// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonParallelCalcLearnedPairForceKernel.h"
#include "internal/GlobalValues.h"
#include "internal/require.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;

/** The evaluation on one device, for its worker thread. */
class CommonParallelCalcLearnedPairForceKernel::Task : public ComputeContext::WorkTask {
public:
    Task(ContextImpl& context, CommonCalcLearnedPairForceKernel& kernel, bool includeForces, bool includeEnergy,
            double& energy) :
            context(context),
            kernel(kernel),
            includeForces(includeForces),
            includeEnergy(includeEnergy),
            energy(energy) {}
    void execute() override {
        energy += kernel.execute(context, includeForces, includeEnergy);
    }

private:
    ContextImpl& context;
    CommonCalcLearnedPairForceKernel& kernel;
    bool includeForces, includeEnergy;
    double& energy;
};

CommonParallelCalcLearnedPairForceKernel::CommonParallelCalcLearnedPairForceKernel(
        const string& name, const Platform& platform, ComputeContext& cc, const std::vector<WarpTraits>& traits) :
        CalcLearnedPairForceKernel(name, platform),
        cc(cc) {
    for (size_t i = 0; i < traits.size(); i++)
        kernels.push_back(
                std::make_unique<CommonCalcLearnedPairForceKernel>(name, platform, *cc.getAllContexts()[i], traits[i]));
}

void CommonParallelCalcLearnedPairForceKernel::initialize(const System& system, const LearnedPairForce& force) {
    // OpenMM 8.6 reads the derivatives of the first device only, also for its own forces (CommonUpdateStateDataKernel).
    std::vector<string> derivatives = findEnergyParameterDerivatives(system, force);
    require(derivatives.empty(), "LearnedPairForce: a derivative of the energy with respect to '",
            derivatives.empty() ? "" : derivatives[0], "' was asked for in a Context with ", kernels.size(),
            " devices, but OpenMM returns the derivatives of the first device only; choose one device with the "
            "platform property DeviceIndex.");
    kernels[0]->initialize(system, force);
    for (size_t i = 1; i < kernels.size(); i++)
        kernels[i]->initialize(system, force, getIndexInSystem(system, force), kernels[0]->getPlan());
}

void CommonParallelCalcLearnedPairForceKernel::prepare(ContextImpl& context) {
    for (auto& kernel : kernels)
        kernel->updateGlobals(context);
    auto plan = kernels[0]->getPlan();
    if (plan != nullptr)
        mustFollowPlan |= plan->update(kernels[0]->updateGlobals(context));
    if (mustFollowPlan) {
        for (ComputeContext* device : cc.getAllContexts())
            device->getWorkThread().flush();
        followPlan();
    }
}

/** Let all devices evaluate the function as the plan has decided. */
void CommonParallelCalcLearnedPairForceKernel::followPlan() {
    auto plan = kernels[0]->getPlan();
    const FunctionTables* tables;
    mustFollowPlan = true; // stays true if this throws an exception
    do {                   // again if a device had no room for the tables, which changes the decision
        tables = (plan == nullptr ? nullptr : plan->getTables());
        for (auto& kernel : kernels)
            kernel->followPlan();
    } while (plan != nullptr && plan->getTables() != tables);
    mustFollowPlan = false;
}

double CommonParallelCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    for (size_t i = 0; i < kernels.size(); i++) {
        ComputeContext& device = *cc.getAllContexts()[i];
        device.getWorkThread().addTask(
                new Task(context, *kernels[i], includeForces, includeEnergy, device.getEnergyWorkspace()));
    }
    return 0.0;
}

void CommonParallelCalcLearnedPairForceKernel::waitForThreads() {
    for (ComputeContext* device : cc.getAllContexts()) {
        try {
            device->getWorkThread().flush();
        }
        catch (const OpenMMException&) {
            // The caller reports the error that ended the evaluation. Errors that follow from it are discarded.
        }
    }
}

KernelInfo CommonParallelCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo info = kernels[0]->getInfo();
    info.numDevices = kernels.size();
    return info;
}

void CommonParallelCalcLearnedPairForceKernel::copyParametersToContext(
        ContextImpl& context, const LearnedPairForce& force) {
    auto plan = kernels[0]->getPlan();
    if (plan != nullptr)
        plan->setForce(force);
    mustFollowPlan = true;
    for (auto& kernel : kernels)
        kernel->setForce(force);
    if (plan != nullptr)
        plan->update(kernels[0]->updateGlobals(context));
    followPlan();
}
