// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferenceCalcLearnedPairForceKernel.h"
#include "internal/activeExceptions.h"
#include "internal/DistinctParticles.h"
#include "internal/GlobalValues.h"
#include "internal/InteractionClasses.h"
#include "internal/PairEvaluator.h"
#include "internal/SwitchingFunction.h"
#include "internal/visitFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/OpenMMException.h"
#include "openmm/reference/ReferenceForce.h"
#include "openmm/reference/ReferencePlatform.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using OpenMM::Vec3;
using std::string;
using std::vector;

/** The settings and the function of a force, as of its creation or its last update. */
struct ReferenceCalcLearnedPairForceKernel::Model {
    Model(const LearnedPairForce& force, const vector<string>& derivativeNames) :
            classes(force),
            exceptions(findActiveExceptions(force)),
            particles(force),
            switching(force),
            globals(force, derivativeNames),
            evaluator(PairEvaluator::create(force.getSharedFunction(), globals.getDerivatives())),
            periodic(force.usesPeriodicBoundaryConditions()),
            cutoff(force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<double>::infinity()
                                                                            : force.getCutoffDistance()),
            innerCutoff(force.getInnerCutoffDistance()),
            evaluation(visitFunction<string>(
                    force.getFunction(), [](const PairTable&) { return "table"; },
                    [](const PairProgram&) { return "program"; })) {}
    bool interact(int i, int j) const {
        return classes.interacts[(size_t) classes.particleClasses[i] * classes.numClasses + classes.particleClasses[j]];
    }
    InteractionClasses classes;
    vector<ActiveException> exceptions;
    DistinctParticles particles;
    SwitchingFunction switching;
    GlobalValues globals;
    std::unique_ptr<PairEvaluator> evaluator;
    bool periodic;
    double cutoff, innerCutoff;
    string evaluation; // for KernelInfo
};

/** The pairs in range, one array for each property. */
struct ReferenceCalcLearnedPairForceKernel::Pairs {
    vector<int> first, second;
    vector<Vec3> delta;                         // from the second particle to the first
    vector<double> factors;                     // 1, or the factor of an exception
    vector<double> r, rClamped;                 // rClamped: at least the inner cutoff
    vector<const double*> particle1, particle2; // types or features
};

void ReferenceCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    exclusions.resize(system.getNumParticles());
    for (auto [particle1, particle2] : force.getExclusionsAndExceptions()) {
        exclusions[particle1].insert(particle2);
        exclusions[particle2].insert(particle1);
    }
    derivativeNames = findEnergyParameterDerivatives(system, force);
    copyParameters(force);
}

void ReferenceCalcLearnedPairForceKernel::copyParameters(const LearnedPairForce& force) {
    model = std::make_shared<Model>(force, derivativeNames);
    covered.clear();
    for (int i = 0; i < force.getNumParticles(); i++)
        if (model->classes.particleClasses[i] != 0)
            covered.push_back(i);
}

void ReferenceCalcLearnedPairForceKernel::findPairs(
        const vector<Vec3>& positions, const Vec3* box, Pairs& pairs) const {
    auto add = [&](int i, int j, double factor) {
            double delta[OpenMM::ReferenceForce::LastDeltaRIndex];
            if (model->periodic)
                OpenMM::ReferenceForce::getDeltaRPeriodic(positions[j], positions[i], box, delta);
            else
                OpenMM::ReferenceForce::getDeltaR(positions[j], positions[i], delta);
            double r = delta[OpenMM::ReferenceForce::RIndex];
            if (r >= model->cutoff)
                return;
            pairs.factors.push_back(factor);
            pairs.first.push_back(i);
            pairs.second.push_back(j);
            pairs.delta.push_back(Vec3(delta[OpenMM::ReferenceForce::XIndex], delta[OpenMM::ReferenceForce::YIndex],
                    delta[OpenMM::ReferenceForce::ZIndex]));
            pairs.r.push_back(r);
            pairs.rClamped.push_back(std::max(r, model->innerCutoff));
            pairs.particle1.push_back(model->particles.getValues(i));
            pairs.particle2.push_back(model->particles.getValues(j));
    };
    for (size_t n = 0; n < covered.size(); n++)
        for (size_t m = 0; m < n; m++) {
            int i = covered[n], j = covered[m];
            if (model->interact(i, j) && exclusions[i].count(j) == 0)
                add(i, j, 1);
        }
    for (auto& exception : model->exceptions)
        add(exception.particle1, exception.particle2, exception.factor);
}

double ReferenceCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    const vector<Vec3>& positions = *data.positions;
    for (auto& position : positions)
        if (!std::isfinite(position[0] + position[1] + position[2]))
            throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
    Pairs pairs;
    findPairs(positions, data.periodicBoxVectors, pairs);
    model->globals.update(context);
    double scale = model->globals.getScale();
    PairValues values =
            model->evaluator->evaluate(pairs.rClamped, pairs.particle1, pairs.particle2, model->globals.getValues());
    double sum = 0;
    vector<double> derivatives(model->globals.getDerivatives().size(), 0.0);
    for (size_t k = 0; k < pairs.r.size(); k++) {
        // Negative below the inner cutoff, where f is replaced by its Taylor expansion, else 0.
        double factor = pairs.factors[k], r = pairs.r[k], rBelowInner = r - pairs.rClamped[k];
        double energy = values.energy[k] + rBelowInner * values.dEdR[k], dEdR = values.dEdR[k];
        model->switching.apply(r, energy, dEdR);
        sum += factor * energy;
        for (size_t d = 0; d < derivatives.size(); d++) {
            double d2EdRdG = values.d2EdRdG[d][k], dEdG = values.dEdG[d][k] + rBelowInner * d2EdRdG;
            model->switching.apply(r, dEdG, d2EdRdG);
            derivatives[d] += factor * dEdG;
        }
        if (includeForces && r > 0) { // at distance 0 the force has no direction
            Vec3 force = pairs.delta[k] * (-scale * factor * dEdR / r);
            (*data.forces)[pairs.first[k]] += force;
            (*data.forces)[pairs.second[k]] -= force;
        }
    }
    model->globals.addDerivatives(sum, derivatives, *data.energyParameterDerivatives);
    return scale * sum;
}

void ReferenceCalcLearnedPairForceKernel::addDerivatives(
        ContextImpl& context, const std::map<std::string, double>& derivatives) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    for (auto& [name, derivative] : derivatives)
        (*data.energyParameterDerivatives)[name] += derivative;
}

KernelInfo ReferenceCalcLearnedPairForceKernel::getInfo() const {
    KernelInfo info;
    info.placement = "all pairs";
    info.neighborList = "none";
    info.evaluation = model->evaluation;
    info.exactBecause = (model->evaluation == "program" ? "the Reference platform evaluates exactly" : "");
    return info;
}

void ReferenceCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    copyParameters(force);
}
