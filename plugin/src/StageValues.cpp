// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/StageValues.h"
#include "internal/ProgramInterpreter.h"

using namespace LearnedPairPlugin;
using std::vector;

static const int BatchSize = 16;

namespace {

/** Runs a part for many items, which are particles or pairs of types, and concatenates its outputs. */
class PartRunner {
public:
    PartRunner(const TensorProgram& part, const vector<double>& globals) : part(part), interpreter(part) {
        if (double* input = interpreter.getInput(PairInput::Globals))
            std::copy(globals.begin(), globals.end(), input);
    }
    /**
     * @param numItems   the number of items
     * @param getValues  a function that returns a pointer to the values of an input. Its arguments are the slot of the
     *                   input, PairInput::Particle1 or PairInput::Particle2, and the index of the item.
     */
    template<class GetValues> vector<double> run(int numItems, GetValues getValues) {
        vector<double> results;
        for (int first = 0; first < numItems; first += BatchSize) {
            for (int input : {PairInput::Particle1, PairInput::Particle2})
                if (double* batch = interpreter.getInput(input))
                    for (int k = 0; k < BatchSize; k++) { // the last batch repeats the last item
                        const double* values = getValues(input, std::min(first + k, numItems - 1));
                        for (int i = 0; i < part.getInputSize(input); i++)
                            batch[i * BatchSize + k] = values[i];
                    }
            interpreter.run();
            for (int k = 0; k < BatchSize && first + k < numItems; k++)
                for (size_t output = 0; output < part.getOutputs().size(); output++)
                    for (int i = 0; i < part.getSteps()[part.getOutputs()[output]].size; i++)
                        results.push_back(interpreter.getOutput(output, i, k));
        }
        return results;
    }

private:
    const TensorProgram& part;
    ProgramInterpreter<double, BatchSize> interpreter;
};

} // namespace

StageValues::StageValues(const StagedProgram& program, const vector<double>& particles, int numParticles) :
        program(program),
        particles(particles),
        numParticles(numParticles),
        isComputed(false) {}

bool StageValues::update(const vector<double>& newGlobals) {
    if (isComputed && newGlobals == globals)
        return false;
    bool changed = !isComputed;
    globals = newGlobals;
    int width = particles.size() / numParticles;
    auto getParticle = [&](int i) { return &particles[i * width]; };
    for (auto& part : program.getParts()) {
        if (part.level == PartLevel::Pair || (isComputed && part.program.getInputSize(PairInput::Globals) == 0))
            continue;
        changed = true;
        PartRunner runner(part.program, globals);
        if (part.level == PartLevel::Global)
            globalValues = runner.run(1, [](int, int) { return nullptr; });
        else if (part.level == PartLevel::Particle)
            particleValues = runner.run(numParticles, [&](int, int i) { return getParticle(i); });
        else
            pairValues = runner.run(numParticles * numParticles, [&](int input, int i) {
                return getParticle(input == PairInput::Particle1 ? i / numParticles : i % numParticles);
            });
    }
    isComputed = true;
    return changed;
}
