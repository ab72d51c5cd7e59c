// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/PairEvaluator.h"
#include "internal/passes.h"
#include "internal/ProgramInterpreter.h"
#include "internal/require.h"
#include "internal/StagedProgram.h"
#include "internal/StageValues.h"
#include "PairTable.h"

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
    ProgramEvaluator(const PairProgram& function, const vector<int>& derivatives) :
            numDerivatives(derivatives.size()),
            width(function.isTyped() ? 1 : function.getNumFeatures()),
            interpreter(differentiateAll(function, derivatives)) {}
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1,
            const vector<const double*>& particle2, const vector<double>& globals) override {
        if (double* input = interpreter.getInput(Operation::Globals))
            std::copy(globals.begin(), globals.end(), input);
        PairValues values;
        values.dEnergy.resize(numDerivatives);
        values.dSlope.resize(numDerivatives);
        int numPairs = r.size();
        for (int first = 0; first < numPairs; first += Lanes) {
            for (int k = 0; k < Lanes; k++) { // lanes that are left over repeat the last pair
                int pair = std::min(first + k, numPairs - 1);
                if (double* input = interpreter.getInput(Operation::Distance))
                    input[k] = r[pair];
                copyRow(interpreter.getInput(Operation::Particle1), k, particle1[pair]);
                copyRow(interpreter.getInput(Operation::Particle2), k, particle2[pair]);
            }
            interpreter.run();
            for (int k = 0; k < Lanes && first + k < numPairs; k++) {
                values.energy.push_back(interpreter.getOutput(0, 0, k));
                values.slope.push_back(interpreter.getOutput(1, 0, k));
                for (int d = 0; d < numDerivatives; d++) {
                    values.dEnergy[d].push_back(interpreter.getOutput(2 + 2 * d, 0, k));
                    values.dSlope[d].push_back(interpreter.getOutput(3 + 2 * d, 0, k));
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
                input[i * Lanes + lane] = row[i];
    }
    int numDerivatives, width;
    ProgramInterpreter<double, Lanes> interpreter;
};

/** Runs the pair part of the staged program in single precision. */
class SinglePrecisionEvaluator : public PairEvaluator {
public:
    explicit SinglePrecisionEvaluator(const PairProgram& function) :
            typed(function.isTyped()),
            numTypes(typed ? function.getNumTypes() : 0),
            width(typed ? 1 : function.getNumFeatures()),
            program(function),
            interpreter(*program.pair) {}
    PairValues evaluate(const vector<double>& r, const vector<const double*>& particle1,
            const vector<const double*>& particle2, const vector<double>& globals) override {
        if (r.empty())
            return {};
        vector<double> rows;
        for (int type = 0; type < numTypes; type++)
            rows.push_back(type);
        if (!typed)
            for (auto& particles : {particle1, particle2})
                for (const double* row : particles)
                    rows.insert(rows.end(), row, row + width);
        int numRows = rows.size() / width, numPairs = r.size();
        StageValues stages(program, rows, numRows, typed);
        stages.update(globals);
        if (float* input = interpreter.getInput(Operation::Globals))
            std::copy(stages.getGlobals().begin(), stages.getGlobals().end(), input);
        int particleSize = std::max(
                program.pair->getInputSize(Operation::Particle1), program.pair->getInputSize(Operation::Particle2));
        int pairSize = program.pair->getInputSize(Operation::Pair);
        PairValues values;
        for (int pair = 0; pair < numPairs; pair++) {
            size_t row1 = (typed ? (int) *particle1[pair] : pair),
                   row2 = (typed ? (int) *particle2[pair] : numPairs + pair);
            if (float* input = interpreter.getInput(Operation::Distance))
                *input = (float) r[pair];
            copyRow(interpreter.getInput(Operation::Particle1), stages.getParticles(), row1, particleSize);
            copyRow(interpreter.getInput(Operation::Particle2), stages.getParticles(), row2, particleSize);
            copyRow(interpreter.getInput(Operation::Pair), stages.getPairs(), row1 * numRows + row2, pairSize);
            interpreter.run();
            values.energy.push_back(interpreter.getOutput(0, 0, 0));
            values.slope.push_back(interpreter.getOutput(1, 0, 0));
        }
        return values;
    }

private:
    static void copyRow(float* input, const vector<double>& from, size_t row, int size) {
        if (input != nullptr)
            std::copy_n(&from[row * size], size, input);
    }
    bool typed;
    int numTypes, width;
    StagedProgram program;
    ProgramInterpreter<float, 1> interpreter;
};

} // namespace

std::unique_ptr<PairEvaluator> PairEvaluator::createInSinglePrecision(std::shared_ptr<const PairProgram> program) {
    return std::make_unique<SinglePrecisionEvaluator>(*program);
}

std::unique_ptr<PairEvaluator> PairEvaluator::create(
        std::shared_ptr<const PairFunction> function, const vector<int>& derivatives) {
    if (auto table = std::dynamic_pointer_cast<const PairTable>(function))
        return std::make_unique<TableEvaluator>(table);
    auto program = std::dynamic_pointer_cast<const PairProgram>(function);
    require(program != nullptr, "LearnedPairForce: the pair function is neither a PairTable nor a PairProgram.");
    return std::make_unique<ProgramEvaluator>(*program, derivatives);
}
