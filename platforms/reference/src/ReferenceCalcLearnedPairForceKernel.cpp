// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferenceCalcLearnedPairForceKernel.h"
#include "internal/DistinctParticles.h"
#include "internal/GlobalValues.h"
#include "internal/PairEvaluator.h"
#include "internal/SwitchingFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"
#include "PairTable.h"
#include "ReferencePairs.h"
#include <map>

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using OpenMM::Vec3;
using std::string;
using std::vector;

/** The settings and the function of a force, as of its creation or its last update. */
struct ReferenceCalcLearnedPairForceKernel::Model {
    Model(const LearnedPairForce& force, const vector<string>& derivativeNames) :
            pairs(force, true),
            particles(force),
            switching(force),
            globals(force, derivativeNames),
            evaluator(PairEvaluator::create(force.getSharedFunction(), globals.getDerivatives())),
            isTable(dynamic_cast<const PairTable*>(&force.getFunction()) != nullptr) {}
    ReferencePairs pairs;
    DistinctParticles particles;
    SwitchingFunction switching;
    GlobalValues globals;
    std::unique_ptr<PairEvaluator> evaluator;
    bool isTable; // for KernelInfo
};

void ReferenceCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    model = std::make_shared<Model>(force, derivativeNames);
}

double ReferenceCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    const vector<Vec3>& positions = *data.positions;
    requireFinitePositions(positions);
    const vector<ReferencePair> pairs = model->pairs.find(positions, data.periodicBoxVectors);
    vector<double> rClamped;
    vector<const double*> particle1, particle2; // types or features
    for (auto& pair : pairs) {
        rClamped.push_back(pair.rClamped);
        particle1.push_back(model->particles.getValues(pair.first));
        particle2.push_back(model->particles.getValues(pair.second));
    }
    model->globals.update(context);
    double scale = model->globals.getScale();
    PairValues values = model->evaluator->evaluate(rClamped, particle1, particle2, model->globals.getValues());
    double sum = 0;
    vector<double> derivatives(model->globals.getDerivatives().size(), 0.0);
    for (size_t k = 0; k < pairs.size(); k++) {
        const double factor = pairs[k].factor, r = pairs[k].r;
        // Negative below the inner cutoff, where f is replaced by its Taylor expansion, else 0.
        const double rBelowInner = r - pairs[k].rClamped;
        double energy = values.energy[k] + rBelowInner * values.dEdR[k], dEdR = values.dEdR[k];
        model->switching.apply(r, energy, dEdR);
        sum += factor * energy;
        for (size_t d = 0; d < derivatives.size(); d++) {
            double d2EdRdG = values.d2EdRdG[d][k], dEdG = values.dEdG[d][k] + rBelowInner * d2EdRdG;
            model->switching.apply(r, dEdG, d2EdRdG);
            derivatives[d] += factor * dEdG;
        }
        if (includeForces && r > 0) { // at distance 0 the force has no direction
            Vec3 force = pairs[k].delta * (-scale * factor * dEdR / r);
            (*data.forces)[pairs[k].first] += force;
            (*data.forces)[pairs[k].second] -= force;
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
    info.evaluation = (model->isTable ? "table" : "program");
    info.exactBecause = (model->isTable ? "" : "the Reference platform evaluates exactly");
    return info;
}

void ReferenceCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    model = std::make_shared<Model>(force, derivativeNames);
}
