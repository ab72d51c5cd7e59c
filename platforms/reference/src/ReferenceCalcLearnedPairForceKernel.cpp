// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferenceCalcLearnedPairForceKernel.h"
#include "openmm/OpenMMException.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferenceForce.h"
#include "openmm/reference/ReferencePlatform.h"
#include <algorithm>
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using OpenMM::Vec3;
using std::vector;

/** A force as it was when it was last given to the kernel. */
struct ReferenceCalcLearnedPairForceKernel::Model {
    explicit Model(const LearnedPairForce& force) : function(force.getSharedFunction()), classes(force), switching(force),
            periodic(force.usesPeriodicBoundaryConditions()), cutoff(force.getCutoffDistance()), innerCutoff(force.getInnerCutoffDistance()),
            scaleParameter(force.getScaleParameter()), needsDerivative(force.getNumEnergyParameterDerivatives() > 0) {
    }
    /** S(r)*f(r) and its slope for a pair of interacting classes. */
    void evaluate(int class1, int class2, double r, double& energy, double& dEdR) const {
        double inside = std::max(r, innerCutoff);
        function->evaluate(classes.types[class1], classes.types[class2], inside, energy, dEdR);
        energy += (r-inside)*dEdR; // the Taylor expansion below the inner cutoff
        switching.apply(r, energy, dEdR);
    }
    std::shared_ptr<const PairFunction> function;
    PairClasses classes;
    SwitchingFunction switching;
    bool periodic;
    double cutoff, innerCutoff;
    std::string scaleParameter;
    bool needsDerivative;
};

void ReferenceCalcLearnedPairForceKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    exclusions.resize(system.getNumParticles());
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        exclusions[particle1].insert(particle2);
        exclusions[particle2].insert(particle1);
    }
    setModel(force);
}

void ReferenceCalcLearnedPairForceKernel::setModel(const LearnedPairForce& force) {
    model = std::make_shared<Model>(force);
    covered.clear();
    for (int i = 0; i < force.getNumParticles(); i++)
        if (model->classes.particleClasses[i] != 0)
            covered.push_back(i);
}

double ReferenceCalcLearnedPairForceKernel::addPair(int i, int j, const vector<Vec3>& positions, const Vec3* box, double scale, vector<Vec3>* forces) const {
    double delta[OpenMM::ReferenceForce::LastDeltaRIndex]; // from j to i
    if (model->periodic)
        OpenMM::ReferenceForce::getDeltaRPeriodic(positions[j], positions[i], box, delta);
    else
        OpenMM::ReferenceForce::getDeltaR(positions[j], positions[i], delta);
    double r = delta[OpenMM::ReferenceForce::RIndex];
    int class1 = model->classes.particleClasses[i], class2 = model->classes.particleClasses[j];
    if (r >= model->cutoff || !model->classes.interacts[(size_t) class1*model->classes.numClasses+class2] || exclusions[i].count(j) > 0)
        return 0;
    double energy, dEdR;
    model->evaluate(class1, class2, r, energy, dEdR);
    if (forces != nullptr && r > 0) { // two particles in one place have no direction to push each other
        Vec3 force = Vec3(delta[OpenMM::ReferenceForce::XIndex], delta[OpenMM::ReferenceForce::YIndex], delta[OpenMM::ReferenceForce::ZIndex])*(-scale*dEdR/r);
        (*forces)[i] += force;
        (*forces)[j] -= force;
    }
    return energy;
}

double ReferenceCalcLearnedPairForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    const vector<Vec3>& positions = *data.positions;
    vector<Vec3>& forces = *data.forces;
    const Vec3* box = data.periodicBoxVectors;
    for (auto& position : positions)
        if (!std::isfinite(position[0]+position[1]+position[2]))
            throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
    double scale = (model->scaleParameter.empty() ? 1.0 : context.getParameter(model->scaleParameter));
    double sum = 0;
    for (size_t n = 0; n < covered.size(); n++)
        for (size_t m = 0; m < n; m++)
            sum += addPair(covered[n], covered[m], positions, box, scale, includeForces ? &forces : nullptr);
    if (model->needsDerivative)
        (*data.energyParameterDerivatives)[model->scaleParameter] += sum;
    return scale*sum;
}

void ReferenceCalcLearnedPairForceKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    setModel(force);
}
