// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferenceCalcEnvironmentKernel.h"
#include "EnvironmentFunction.h"
#include "internal/GlobalValues.h"
#include "internal/passes.h"
#include "internal/ProgramInterpreter.h"
#include "internal/solidHarmonics.h"
#include "internal/SwitchingFunction.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/reference/ReferencePlatform.h"
#include "ReferencePairs.h"

using namespace LearnedPairPlugin;
using OpenMM::ContextImpl;
using OpenMM::Vec3;
using std::vector;

/** The sums over the neighbors of all atoms: for each channel k of order l the 2l+1 numbers A_km. */
namespace {

class Sums {
public:
    Sums(const vector<int>& orders, int numParticles) {
        for (int order : orders) {
            starts.push_back(width);
            width += 2 * order + 1;
        }
        values.assign((size_t) numParticles * width, 0.0);
    }
    /** Get the numbers of a channel of an atom. */
    double* get(int particle, int channel) {
        return &values[(size_t) particle * width + starts[channel]];
    }

private:
    int width = 0;
    vector<int> starts; // of each channel
    vector<double> values;
};

} // namespace

/** The settings and the function of a force, as of its creation or its last update. */
struct ReferenceCalcEnvironmentKernel::Model {
    Model(const LearnedPairForce& force, const vector<std::string>& derivativeNames) :
            function(std::dynamic_pointer_cast<const EnvironmentFunction>(force.getSharedFunction())),
            types(force.getParticleTypes()),
            neighbors(force, force.getUseDensityExclusions()),
            pairs(force, true),
            switching(force),
            globals(force, derivativeNames),
            interpreter(makeProgram(*function, globals.getDerivatives())) {}
    /** Make the program with the outputs u, du/dq, and du/dg for each parameter whose derivative is needed. */
    static TensorProgram makeProgram(const EnvironmentFunction& function, const vector<int>& derivatives) {
        TensorProgram program = appendGradient(function.getAtomProgram(), AtomInput::Densities);
        for (int element : derivatives)
            program = differentiate(program, AtomInput::Globals, element, 1);
        return program;
    }
    /** Evaluate the densities w of one neighbor, and their derivatives, with Taylor expansion and switching. */
    void evaluateDensities(const ReferencePair& pair, int center, int neighbor, vector<double>& w, vector<double>& dw) {
        function->evaluateDensities(types[center], types[neighbor], pair.rClamped, w.data(), dw.data());
        for (size_t k = 0; k < w.size(); k++) {
            w[k] += (pair.r - pair.rClamped) * dw[k];
            switching.apply(pair.r, w[k], dw[k]);
            w[k] *= pair.factor;
            dw[k] *= pair.factor;
        }
    }
    std::shared_ptr<const EnvironmentFunction> function;
    vector<int> types;
    ReferencePairs neighbors, pairs; // those of the densities, and those of the pair function
    SwitchingFunction switching;
    GlobalValues globals;
    ProgramInterpreter<double, 1> interpreter;
};

void ReferenceCalcEnvironmentKernel::initialize(const OpenMM::System& system, const LearnedPairForce& force) {
    derivativeNames = findEnergyParameterDerivatives(system, force);
    model = std::make_shared<Model>(force, derivativeNames);
}

double ReferenceCalcEnvironmentKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    const vector<Vec3>& positions = *data.positions;
    requireFinitePositions(positions);
    const vector<int>& orders = model->function->getAngularOrders();
    const int numParticles = positions.size(), numChannels = orders.size();
    const vector<ReferencePair> neighbors = model->neighbors.find(positions, data.periodicBoxVectors);
    vector<double> w(numChannels), dw(numChannels);
    double harmonics[SolidHarmonics::MaxComponents], gradients[SolidHarmonics::MaxComponents][3];
    model->globals.update(context);
    const double scale = model->globals.getScale();

    // The sums over the neighbors of each atom.

    Sums sums(orders, numParticles);
    for (auto& pair : neighbors)
        for (int side : {1, -1}) {
            const int center = (side == 1 ? pair.first : pair.second), neighbor = pair.first + pair.second - center;
            const Vec3 direction = (pair.r > 0 ? pair.delta * (-side / pair.r) : Vec3()); // towards the neighbor
            model->evaluateDensities(pair, center, neighbor, w, dw);
            for (int k = 0; k < numChannels; k++) {
                SolidHarmonics::evaluate(orders[k], direction[0], direction[1], direction[2], harmonics, gradients);
                for (int m = 0; m <= 2 * orders[k]; m++)
                    sums.get(center, k)[m] += w[k] * harmonics[m];
            }
        }

    // The energies of the atoms. The sums are replaced by the derivatives of the energy with respect to them.

    double energy = 0;
    vector<double> derivatives(model->globals.getDerivatives().size(), 0.0);
    auto& interpreter = model->interpreter;
    if (double* input = interpreter.getInput(AtomInput::Globals))
        std::copy(model->globals.getValues().begin(), model->globals.getValues().end(), input);
    for (int i = 0; i < numParticles; i++) {
        if (model->types[i] == LearnedPairForce::NotCovered)
            continue;
        if (double* input = interpreter.getInput(AtomInput::Type))
            *input = model->types[i];
        double* densities = interpreter.getInput(AtomInput::Densities);
        for (int k = 0; k < numChannels; k++) {
            const double* sum = sums.get(i, k);
            densities[k] = (orders[k] == 0 ? sum[0] : 0);
            for (int m = 0; m <= 2 * orders[k] && orders[k] > 0; m++)
                densities[k] += sum[m] * sum[m];
        }
        interpreter.run();
        energy += interpreter.getOutput(0, 0, 0);
        for (size_t d = 0; d < derivatives.size(); d++)
            derivatives[d] += interpreter.getOutput(2 + d, 0, 0);
        for (int k = 0; k < numChannels; k++)
            for (int m = 0; m <= 2 * orders[k]; m++) {
                double& sum = sums.get(i, k)[m];
                sum = interpreter.getOutput(1, k, 0) * (orders[k] == 0 ? 1 : 2 * sum);
            }
    }

    // The forces that come from the densities.

    for (auto& pair : neighbors)
        for (int side : {1, -1}) {
            if (!includeForces || pair.r == 0) // at distance 0 the force has no direction
                continue;
            const int center = (side == 1 ? pair.first : pair.second), neighbor = pair.first + pair.second - center;
            const Vec3 direction = pair.delta * (-side / pair.r);
            model->evaluateDensities(pair, center, neighbor, w, dw);
            Vec3 gradient; // of the energy with respect to the position of the neighbor
            for (int k = 0; k < numChannels; k++) {
                SolidHarmonics::evaluate(orders[k], direction[0], direction[1], direction[2], harmonics, gradients);
                for (int m = 0; m <= 2 * orders[k]; m++) {
                    const Vec3 slope(gradients[m][0], gradients[m][1], gradients[m][2]);
                    const Vec3 dC = (slope - direction * (orders[k] * harmonics[m])) / pair.r;
                    gradient += (direction * (dw[k] * harmonics[m]) + dC * w[k]) * sums.get(center, k)[m];
                }
            }
            (*data.forces)[neighbor] -= gradient * scale;
            (*data.forces)[center] += gradient * scale;
        }

    // The pair function.

    if (auto table = model->function->getPairTable())
        for (auto& pair : model->pairs.find(positions, data.periodicBoxVectors)) {
            double f, dfdr;
            table->evaluate(model->types[pair.first], model->types[pair.second], pair.rClamped, f, dfdr);
            f += (pair.r - pair.rClamped) * dfdr;
            model->switching.apply(pair.r, f, dfdr);
            energy += pair.factor * f;
            if (!includeForces || pair.r == 0)
                continue;
            const Vec3 force = pair.delta * (-scale * pair.factor * dfdr / pair.r);
            (*data.forces)[pair.first] += force;
            (*data.forces)[pair.second] -= force;
        }
    model->globals.addDerivatives(energy, derivatives, *data.energyParameterDerivatives);
    return scale * energy;
}

void ReferenceCalcEnvironmentKernel::addDerivatives(
        ContextImpl& context, const std::map<std::string, double>& derivatives) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    for (auto& [name, derivative] : derivatives)
        (*data.energyParameterDerivatives)[name] += derivative;
}

KernelInfo ReferenceCalcEnvironmentKernel::getInfo() const {
    KernelInfo info;
    info.placement = "all pairs";
    info.neighborList = "none";
    info.evaluation = "environment";
    return info;
}

void ReferenceCalcEnvironmentKernel::copyParametersToContext(ContextImpl& context, const LearnedPairForce& force) {
    model = std::make_shared<Model>(force, derivativeNames);
}
