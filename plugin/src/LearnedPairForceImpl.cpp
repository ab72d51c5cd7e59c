// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/LearnedPairForceImpl.h"
#include "EnvironmentFunction.h"
#include "internal/require.h"
#include "internal/validation.h"
#include "LearnedPairKernels.h"
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using OpenMM::Vec3;
using std::map;
using std::string;
using std::vector;

/** Get the scale, if there is one, and the global parameters, with the default values and ranges of the force. */
static vector<GlobalParameter> collectParameters(const LearnedPairForce& force) {
    vector<GlobalParameter> parameters;
    if (!force.getScaleParameter().empty())
        parameters.push_back({force.getScaleParameter(), force.getScaleDefaultValue(), {}});
    auto& globals = force.getFunction().getGlobalParameters();
    for (size_t i = 0; i < globals.size(); i++) {
        parameters.push_back({globals[i].name, force.getGlobalParameterDefaultValue(i), {}});
        ValueRange& range = parameters.back().range;
        force.getGlobalParameterRange(i, range.low, range.high);
    }
    return parameters;
}

LearnedPairForceImpl::LearnedPairForceImpl(const LearnedPairForce& owner) :
        owner(owner),
        created(owner),
        parameters(collectParameters(owner)) {
    forceGroup = owner.getForceGroup();
}

void LearnedPairForceImpl::initialize(ContextImpl& context) {
    const OpenMM::System& system = context.getSystem();
    validateForce(owner, system);
    Vec3 box[3];
    system.getDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
    validateBox(owner, box);
    kernel = context.getPlatform().createKernel(getKernelNames()[0], context);
    kernel.getAs<CalcLearnedPairForceKernel>().initialize(system, owner);
    globals = std::make_unique<GlobalValues>(owner, findEnergyParameterDerivatives(system, owner));
    hasDerivatives = !globals->getDerivativeNames().empty();
    tail = makeTail(system, owner);
}

/** Make the long-range correction for the present values of the global parameters, or return null without one. */
std::unique_ptr<TailCorrection> LearnedPairForceImpl::makeTail(
        const OpenMM::System& system, const LearnedPairForce& force) const {
    if (!force.getUseLongRangeCorrection())
        return nullptr;
    auto result = std::make_unique<TailCorrection>(force, system.getNumParticles(), globals->getDerivatives());
    result->update(globals->getValues());
    return result;
}

/** Add the derivatives of the energy beyond the cutoff to those of the Context. @return this energy, if requested */
double LearnedPairForceImpl::addTail(ContextImpl& context, bool includeEnergy) {
    if (tail == nullptr || (!includeEnergy && !hasDerivatives))
        return 0.0;
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    const double volume = box[0][0] * box[1][1] * box[2][2];
    vector<double> derivatives;
    for (size_t i = 0; i < globals->getDerivatives().size(); i++)
        derivatives.push_back(tail->getDerivative(i) / volume);
    map<string, double> total;
    globals->addDerivatives(tail->getCoefficient() / volume, derivatives, total);
    if (!total.empty())
        kernel.getAs<CalcLearnedPairForceKernel>().addDerivatives(context, total);
    return includeEnergy ? globals->getScale() * tail->getCoefficient() / volume : 0.0;
}

double LearnedPairForceImpl::calcForcesAndEnergy(
        ContextImpl& context, bool includeForces, bool includeEnergy, int groups) {
    if ((groups & (1 << created.getForceGroup())) == 0)
        return 0.0;
    auto& calculator = kernel.getAs<CalcLearnedPairForceKernel>();
    try {
        checkState(context);
        if (tail != nullptr && (includeEnergy || hasDerivatives)) {
            globals->update(context);
            tail->update(globals->getValues());
        }
        calculator.prepare(context);
    }
    catch (const OpenMM::OpenMMException&) {
        // The caller may delete the Context after the error, so no worker thread may still use it.
        calculator.waitForThreads();
        throw;
    }
    double energy = calculator.execute(context, includeForces, includeEnergy);
    return energy + addTail(context, includeEnergy);
}

void LearnedPairForceImpl::checkState(ContextImpl& context) const {
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    validateBox(created, box);
    // A GPU may compute finite energies from a parameter that is NaN: compilers for GPUs assume that there are no NaNs,
    // and a saturating function can hide one. Such parameters must therefore be found here.
    for (auto& parameter : parameters) {
        double value = context.getParameter(parameter.name);
        require(std::isfinite(value), "LearnedPairForce: the global parameter '", parameter.name, "' is ", value,
                " in this Context; set it to a finite number.");
        require(parameter.range.allows(value), "LearnedPairForce: the global parameter '", parameter.name, "' is ",
                value, " in this Context, and the function was checked for values from ", parameter.range.low, " to ",
                parameter.range.high,
                "; stay in that range, or make the force from a model with a wider one (global_parameters={\"",
                parameter.name, "\": (default, low, high)}).");
    }
}

map<string, double> LearnedPairForceImpl::getDefaultParameters() {
    map<string, double> defaults;
    for (auto& parameter : collectParameters(owner))
        defaults[parameter.name] = parameter.defaultValue;
    return defaults;
}

vector<string> LearnedPairForceImpl::getKernelNames() {
    const bool isEnvironment = (dynamic_cast<const EnvironmentFunction*>(&owner.getFunction()) != nullptr);
    return {isEnvironment ? CalcLearnedPairForceKernel::EnvironmentName() : CalcLearnedPairForceKernel::Name()};
}

KernelInfo LearnedPairForceImpl::getKernelInfo() {
    auto& calculator = kernel.getAs<CalcLearnedPairForceKernel>();
    KernelInfo info = calculator.getInfo();
    info.platform = calculator.getPlatform().getName();
    return info;
}

void LearnedPairForceImpl::updateParametersInContext(ContextImpl& context, const LearnedPairForce& force) {
    validateUpdate(created, force);
    validateForce(force, context.getSystem());
    globals->update(context);
    auto newTail = makeTail(context.getSystem(), force); // throws before anything has changed
    kernel.getAs<CalcLearnedPairForceKernel>().copyParametersToContext(context, force);
    tail = std::move(newTail);
    parameters = collectParameters(force);
    context.systemChanged();
}
