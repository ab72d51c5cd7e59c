// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/PairEvaluator.h"
#include "internal/passes.h"
#include "internal/ProgramInterpreter.h"
#include "internal/StagedProgram.h"
#include "internal/StageValues.h"
#include "internal/visitFunction.h"

using namespace LearnedPairPlugin;
using std::vector;

namespace {

class TableEvaluator : public PairEvaluator {
public:
    explicit TableEvaluator(std::shared_ptr<const PairTable> table) : table(table) {}
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1,
            const vector<const double*>& particle2, const vector<double>& globals) override {
        PairValues values;
        values.energy.resize(r.size());
        values.dEdR.resize(r.size());
        for (size_t i = 0; i < r.size(); i++)
            table->evaluate((int) *particle1[i], (int) *particle2[i], r[i], values.energy[i], values.dEdR[i]);
        return values;
    }

private:
    std::shared_ptr<const PairTable> table;
};

/** Runs the original program and its derivatives, without optimizing or staging it. */
class ProgramEvaluator : public PairEvaluator {
public:
    ProgramEvaluator(const PairProgram& function, const vector<int>& derivatives) :
            numDerivatives(derivatives.size()),
            width(function.getParticleInput() == ParticleInput::Types ? 1 : function.getNumFeatures()),
            interpreter(differentiateAll(function, derivatives)) {}
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1,
            const vector<const double*>& particle2, const vector<double>& globals) override {
        if (double* input = interpreter.getInput(PairInput::Globals))
            std::copy(globals.begin(), globals.end(), input);
        PairValues values;
        values.dEdG.resize(numDerivatives);
        values.d2EdRdG.resize(numDerivatives);
        int numPairs = r.size();
        for (int first = 0; first < numPairs; first += BatchSize) {
            for (int k = 0; k < BatchSize; k++) { // the last batch repeats the last pair
                int pair = std::min(first + k, numPairs - 1);
                if (double* input = interpreter.getInput(PairInput::Distance))
                    input[k] = r[pair];
                copyValues(interpreter.getInput(PairInput::Particle1), k, particle1[pair]);
                copyValues(interpreter.getInput(PairInput::Particle2), k, particle2[pair]);
            }
            interpreter.run();
            for (int k = 0; k < BatchSize && first + k < numPairs; k++) {
                values.energy.push_back(interpreter.getOutput(PairOutput::Energy, 0, k));
                values.dEdR.push_back(interpreter.getOutput(PairOutput::DEdR, 0, k));
                for (int d = 0; d < numDerivatives; d++) {
                    values.dEdG[d].push_back(interpreter.getOutput(PairOutput::dEdG(d), 0, k));
                    values.d2EdRdG[d].push_back(interpreter.getOutput(PairOutput::d2EdRdG(d), 0, k));
                }
            }
        }
        return values;
    }

private:
    static const int BatchSize = 16;
    static TensorProgram differentiateAll(const PairProgram& function, const vector<int>& derivatives) {
        TensorProgram program = differentiate(function.getProgram(), PairInput::Distance, 0, 1);
        for (int element : derivatives)
            program = differentiate(program, PairInput::Globals, element, 2);
        return program;
    }
    void copyValues(double* input, int item, const double* values) const {
        if (input != nullptr)
            for (int i = 0; i < width; i++)
                input[i * BatchSize + item] = values[i];
    }
    int numDerivatives, width;
    ProgramInterpreter<double, BatchSize> interpreter;
};

/** Runs the pair part of the staged program in single precision. */
class SinglePrecisionEvaluator : public PairEvaluator {
public:
    explicit SinglePrecisionEvaluator(const PairProgram& function) :
            numTypes(function.getNumTypes()),
            width(numTypes > 0 ? 1 : function.getNumFeatures()),
            program(function),
            interpreter(program.getPairPart()) {}
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1,
            const vector<const double*>& particle2, const vector<double>& globals) override {
        if (r.empty())
            return {};
        // The distinct particles: all types, or the features of all first particles followed by those of all second
        // ones.
        vector<double> particles;
        for (int type = 0; type < numTypes; type++)
            particles.push_back(type);
        if (numTypes == 0)
            for (auto& side : {particle1, particle2})
                for (const double* features : side)
                    particles.insert(particles.end(), features, features + width);
        int numParticles = particles.size() / width, numPairs = r.size();
        StageValues stages(program, particles, numParticles);
        stages.update(globals);
        if (float* input = interpreter.getInput(PairInput::Globals))
            std::copy(stages.getGlobals().begin(), stages.getGlobals().end(), input);
        int particleSize = program.getParticleSize(), pairSize = program.getPairPart().getInputSize(PairInput::Pair);
        PairValues values;
        for (int pair = 0; pair < numPairs; pair++) {
            size_t index1 = (numTypes > 0 ? (int) *particle1[pair] : pair),
                   index2 = (numTypes > 0 ? (int) *particle2[pair] : numPairs + pair);
            if (float* input = interpreter.getInput(PairInput::Distance))
                *input = (float) r[pair];
            copyInput(PairInput::Particle1, stages.getParticles(), index1, particleSize);
            copyInput(PairInput::Particle2, stages.getParticles(), index2, particleSize);
            copyInput(PairInput::Pair, stages.getPairs(), index1 * numParticles + index2, pairSize);
            interpreter.run();
            values.energy.push_back(interpreter.getOutput(PairOutput::Energy, 0, 0));
            values.dEdR.push_back(interpreter.getOutput(PairOutput::DEdR, 0, 0));
        }
        return values;
    }

private:
    void copyInput(int slot, const vector<double>& from, size_t index, int size) {
        if (float* input = interpreter.getInput(slot))
            std::copy_n(&from[index * size], size, input);
    }
    int numTypes, width;
    StagedProgram program;
    ProgramInterpreter<float, 1> interpreter;
};

} // namespace

std::unique_ptr<PairEvaluator> PairEvaluator::createInSinglePrecision(std::shared_ptr<const PairProgram> program) {
    return std::make_unique<SinglePrecisionEvaluator>(*program);
}

std::unique_ptr<PairEvaluator> PairEvaluator::create(
        std::shared_ptr<const LearnedFunction> function, const vector<int>& derivatives) {
    return visitFunction<std::unique_ptr<PairEvaluator>>(
            *function,
            [&](const PairTable&) {
                return std::make_unique<TableEvaluator>(std::static_pointer_cast<const PairTable>(function));
            },
            [&](const PairProgram& program) { return std::make_unique<ProgramEvaluator>(program, derivatives); },
            [&](const EnvironmentFunction&) -> std::unique_ptr<PairEvaluator> {
                throw notAPairFunction("PairEvaluator");
            });
}
