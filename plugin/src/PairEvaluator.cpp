// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/PairEvaluator.h"
#include "PairProgram.h"
#include "PairTable.h"
#include "internal/ProgramInterpreter.h"
#include "internal/passes.h"
#include "internal/require.h"

using namespace LearnedPairPlugin;
using std::vector;

namespace {

class TableEvaluator : public PairEvaluator {
public:
    explicit TableEvaluator(std::shared_ptr<const PairTable> table) : table(table) {
    }
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1, const vector<const double*>& particle2, const vector<double>& globals) override {
        PairValues values;
        values.energy.resize(r.size());
        values.slope.resize(r.size());
        for (size_t i = 0; i < r.size(); i++)
            table->evaluate((int) *particle1[i], (int) *particle2[i], r[i], values.energy[i], values.slope[i]);
        return values;
    }
private:
    std::shared_ptr<const PairTable> table;
};

/** Runs the program as the model's author wrote it, with its derivatives, but neither optimized nor staged. */
class ProgramEvaluator : public PairEvaluator {
public:
    ProgramEvaluator(const PairProgram& function, const vector<int>& derivatives) : numDerivatives(derivatives.size()),
            width(function.isTyped() ? 1 : function.getNumFeatures()), interpreter(differentiateAll(function, derivatives)) {
    }
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1, const vector<const double*>& particle2, const vector<double>& globals) override {
        if (double* input = interpreter.getInput(Operation::Globals))
            std::copy(globals.begin(), globals.end(), input);
        PairValues values;
        values.dEnergy.resize(numDerivatives);
        values.dSlope.resize(numDerivatives);
        int numPairs = r.size();
        for (int first = 0; first < numPairs; first += Lanes) {
            for (int k = 0; k < Lanes; k++) { // lanes that are left over repeat the last pair
                int pair = std::min(first+k, numPairs-1);
                if (double* input = interpreter.getInput(Operation::Distance))
                    input[k] = r[pair];
                copyRow(interpreter.getInput(Operation::Particle1), k, particle1[pair]);
                copyRow(interpreter.getInput(Operation::Particle2), k, particle2[pair]);
            }
            interpreter.run();
            for (int k = 0; k < Lanes && first+k < numPairs; k++) {
                values.energy.push_back(interpreter.getOutput(0, 0, k));
                values.slope.push_back(interpreter.getOutput(1, 0, k));
                for (int d = 0; d < numDerivatives; d++) {
                    values.dEnergy[d].push_back(interpreter.getOutput(2+2*d, 0, k));
                    values.dSlope[d].push_back(interpreter.getOutput(3+2*d, 0, k));
                }
            }
        }
        return values;
    }
private:
    static const int Lanes = 16;
    static TensorProgram differentiateAll(const PairProgram& function, const vector<int>& derivatives) {
        TensorProgram program = differentiate(function.getProgram(), Operation::Distance, 0, 1);
        for (int element : derivatives)
            program = differentiate(program, Operation::Globals, element, 2);
        return program;
    }
    void copyRow(double* input, int lane, const double* row) const {
        if (input != nullptr)
            for (int i = 0; i < width; i++)
                input[i*Lanes+lane] = row[i];
    }
    int numDerivatives, width;
    ProgramInterpreter<Lanes> interpreter;
};

}

std::unique_ptr<PairEvaluator> PairEvaluator::create(std::shared_ptr<const PairFunction> function, const vector<int>& derivatives) {
    if (auto table = std::dynamic_pointer_cast<const PairTable>(function))
        return std::make_unique<TableEvaluator>(table);
    auto program = std::dynamic_pointer_cast<const PairProgram>(function);
    require(program != nullptr, "LearnedPairForce: the pair function is neither a PairTable nor a PairProgram.");
    return std::make_unique<ProgramEvaluator>(*program, derivatives);
}
