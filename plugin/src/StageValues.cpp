// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/StageValues.h"
#include "internal/ProgramInterpreter.h"

using namespace LearnedPairPlugin;
using std::vector;

static const int Lanes = 16;

namespace {

/** Runs a part for many particles, or pairs of them, and collects its outputs one after another. */
class PartRunner {
public:
    PartRunner(const TensorProgram& part, const vector<double>& globals) : part(part), interpreter(part) {
        if (double* input = interpreter.getInput(Operation::Globals))
            std::copy(globals.begin(), globals.end(), input);
    }
    /** @param getRow  takes an input, particle1 or particle2, and the index of an item; returns its row */
    template<class GetRow> vector<double> run(int numItems, GetRow getRow) {
        vector<double> values;
        for (int first = 0; first < numItems; first += Lanes) {
            for (Operation input : {Operation::Particle1, Operation::Particle2})
                if (double* lanes = interpreter.getInput(input))
                    for (int k = 0; k < Lanes; k++) { // lanes that are left over repeat the last item
                        const double* row = getRow(input, std::min(first + k, numItems - 1));
                        for (int i = 0; i < part.getInputSize(input); i++)
                            lanes[i * Lanes + k] = row[i];
                    }
            interpreter.run();
            for (int k = 0; k < Lanes && first + k < numItems; k++)
                for (size_t output = 0; output < part.getOutputs().size(); output++)
                    for (int i = 0; i < part.getSteps()[part.getOutputs()[output]].size; i++)
                        values.push_back(interpreter.getOutput(output, i, k));
        }
        return values;
    }

private:
    const TensorProgram& part;
    ProgramInterpreter<double, Lanes> interpreter;
};

} // namespace

StageValues::StageValues(const StagedProgram& program, const vector<double>& rows, int numRows, bool typed) :
        program(program),
        rows(rows),
        numRows(numRows),
        typed(typed),
        isComputed(false) {}

bool StageValues::update(const vector<double>& newGlobals) {
    if (isComputed && newGlobals == globals)
        return false;
    bool first = !isComputed;
    globals = newGlobals;
    isComputed = true;
    bool changed = first;
    auto mustRun = [&](const std::unique_ptr<TensorProgram>& part) {
        bool run = (part != nullptr && (first || part->getInputSize(Operation::Globals) > 0));
        changed |= run;
        return run;
    };
    int width = rows.size() / numRows;
    if (mustRun(program.global))
        globalValues = PartRunner(*program.global, globals).run(1, [](Operation, int) { return nullptr; });
    if (mustRun(program.particle))
        particleValues =
                PartRunner(*program.particle, globals).run(numRows, [&](Operation, int i) { return &rows[i * width]; });
    if (typed && mustRun(program.typePair))
        pairValues = PartRunner(*program.typePair, globals).run(numRows * numRows, [&](Operation input, int i) {
            return &rows[(input == Operation::Particle1 ? i / numRows : i % numRows) * width];
        });
    return changed;
}
