// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferenceCalcEnvironmentKernel.h"
#include "EnvironmentFunction.h"
#include "internal/atomProgram.h"
#include "internal/GlobalValues.h"
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

namespace {

/** The sums over the neighbors of all atoms: for each channel k of order l the 2l+1 numbers A_km. */
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
            interpreter(makeAtomProgram(*function, globals.getDerivatives())) {}
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

/** One evaluation, step by step. */
class ReferenceCalcEnvironmentKernel::Evaluation {
public:
    Evaluation(Model& model, const vector<Vec3>& positions, const Vec3* box) :
            energy(0),
            derivatives(model.globals.getDerivatives().size(), 0.0),
            model(model),
            orders(model.function->getAngularOrders()),
            neighbors(model.neighbors.find(positions, box)),
            pairs(model.function->getPairTable() == nullptr ? vector<ReferencePair>()
                                                            : model.pairs.find(positions, box)),
            sums(orders, positions.size()),
            w(orders.size()),
            dw(orders.size()) {}
    /** Add up the densities of all neighbors of each atom. */
    void sumDensities() {
        for (auto& pair : neighbors)
            for (int side : {1, -1}) {
                begin(pair, side);
                for (size_t k = 0; k < orders.size(); k++) {
                    SolidHarmonics::evaluate(orders[k], direction[0], direction[1], direction[2], harmonics, gradients);
                    for (int m = 0; m <= 2 * orders[k]; m++)
                        sums.get(center, k)[m] += w[k] * harmonics[m];
                }
            }
    }
    /**
     * Compute the energies of the atoms, and their derivatives by the global parameters. The sums are replaced by the
     * derivatives of the energy with respect to them.
     */
    void evaluateAtoms() {
        auto& interpreter = model.interpreter;
        if (double* input = interpreter.getInput(AtomInput::Globals))
            std::copy(model.globals.getValues().begin(), model.globals.getValues().end(), input);
        for (size_t i = 0; i < model.types.size(); i++) {
            if (model.types[i] == LearnedPairForce::NotCovered)
                continue;
            if (double* input = interpreter.getInput(AtomInput::Type))
                *input = model.types[i];
            setDensities(i, interpreter.getInput(AtomInput::Densities));
            interpreter.run();
            energy += interpreter.getOutput(0, 0, 0);
            for (size_t d = 0; d < derivatives.size(); d++)
                derivatives[d] += interpreter.getOutput(2 + d, 0, 0);
            for (size_t k = 0; k < orders.size(); k++)
                for (int m = 0; m <= 2 * orders[k]; m++) {
                    double& sum = sums.get(i, k)[m];
                    sum = interpreter.getOutput(1, k, 0) * (orders[k] == 0 ? 1 : 2 * sum);
                }
        }
    }
    /** Add the forces that come from the densities. */
    void addDensityForces(double scale, vector<Vec3>& forces) {
        for (auto& pair : neighbors)
            for (int side : {1, -1}) {
                if (pair.r == 0) // the force has no direction
                    continue;
                begin(pair, side);
                const Vec3 gradient = findGradient(pair.r) * scale;
                forces[neighbor] -= gradient;
                forces[center] += gradient;
            }
    }
    /** Evaluate the pair function. @param forces  null if they are not needed */
    void addPairs(double scale, vector<Vec3>* forces) {
        for (auto& pair : pairs) {
            double f, dfdr;
            model.function->getPairTable()->evaluate(
                    model.types[pair.first], model.types[pair.second], pair.rClamped, f, dfdr);
            f += (pair.r - pair.rClamped) * dfdr;
            model.switching.apply(pair.r, f, dfdr);
            energy += pair.factor * f;
            if (forces == nullptr || pair.r == 0)
                continue;
            const Vec3 force = pair.delta * (-scale * pair.factor * dfdr / pair.r);
            (*forces)[pair.first] += force;
            (*forces)[pair.second] -= force;
        }
    }
    double energy;              // without the scale
    vector<double> derivatives; // of it, by the global parameters

private:
    /** Begin with one of the two particles of a pair in the center: find its neighbor, and evaluate the densities. */
    void begin(const ReferencePair& pair, int side) {
        center = (side == 1 ? pair.first : pair.second);
        neighbor = pair.first + pair.second - center;
        direction = (pair.r > 0 ? pair.delta * (-side / pair.r) : Vec3());
        model.function->evaluateDensities(
                model.types[center], model.types[neighbor], pair.rClamped, w.data(), dw.data());
        for (size_t k = 0; k < w.size(); k++) {
            w[k] += (pair.r - pair.rClamped) * dw[k]; // the Taylor expansion below the inner cutoff
            model.switching.apply(pair.r, w[k], dw[k]);
            w[k] *= pair.factor;
            dw[k] *= pair.factor;
        }
    }
    /** Get the densities of an atom from its sums. */
    void setDensities(int atom, double* densities) {
        for (size_t k = 0; k < orders.size(); k++) {
            const double* sum = sums.get(atom, k);
            densities[k] = (orders[k] == 0 ? sum[0] : 0);
            for (int m = 0; m <= 2 * orders[k] && orders[k] > 0; m++)
                densities[k] += sum[m] * sum[m];
        }
    }
    /** Get the gradient of the energy of the atom in the center with respect to the position of the neighbor. */
    Vec3 findGradient(double r) {
        Vec3 gradient;
        for (size_t k = 0; k < orders.size(); k++) {
            SolidHarmonics::evaluate(orders[k], direction[0], direction[1], direction[2], harmonics, gradients);
            for (int m = 0; m <= 2 * orders[k]; m++) {
                const Vec3 slope(gradients[m][0], gradients[m][1], gradients[m][2]);
                const Vec3 dC = (slope - direction * (orders[k] * harmonics[m])) / r;
                gradient += (direction * (dw[k] * harmonics[m]) + dC * w[k]) * sums.get(center, k)[m];
            }
        }
        return gradient;
    }
    Model& model;
    const vector<int>& orders;
    const vector<ReferencePair> neighbors, pairs;
    Sums sums;
    // Of the present pair, with the present particle in the center: the densities and their derivatives, the direction
    // to the neighbor, and the harmonics of one channel.
    int center, neighbor;
    vector<double> w, dw;
    Vec3 direction;
    double harmonics[SolidHarmonics::MaxComponents], gradients[SolidHarmonics::MaxComponents][3];
};

double ReferenceCalcEnvironmentKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    auto& data = *reinterpret_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
    requireFinitePositions(*data.positions);
    model->globals.update(context);
    const double scale = model->globals.getScale();
    Evaluation evaluation(*model, *data.positions, data.periodicBoxVectors);
    evaluation.sumDensities();
    evaluation.evaluateAtoms();
    if (includeForces)
        evaluation.addDensityForces(scale, *data.forces);
    evaluation.addPairs(scale, includeForces ? data.forces : nullptr);
    model->globals.addDerivatives(evaluation.energy, evaluation.derivatives, *data.energyParameterDerivatives);
    return scale * evaluation.energy;
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
