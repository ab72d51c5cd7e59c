// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/StagedProgram.h"
#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

// Numbers that may be kept for pairs of types: more than this, and they are computed for each pair of particles
// instead.
static const long long MostTypePairNumbers = 1 << 22;

namespace {

/** A part of a program that is computed on its own: collects the values that other parts need of it. */
class Part {
public:
    explicit Part(const TensorProgram& program) : program(program) {}
    /**
     * Add a value of the program.
     *
     * @param exchanged  whether to compute it with the first particle in the place of the second
     */
    void addValue(int value, bool exchanged) {
        requests.push_back({value, exchanged});
    }
    /** Compute all values that have been added, equal ones once. @return null if there are none */
    std::unique_ptr<TensorProgram> build(bool typed) {
        if (requests.empty())
            return nullptr;
        ProgramBuilder builder;
        vector<int> index = builder.copyAll(program), exchangedIndex;
        for (size_t i = 0; i < index.size(); i++)
            exchangedIndex.push_back(copyExchanged(program.getSteps()[i], index[i],
                    mapOperands(program.getSteps()[i], index), exchangedIndex, builder));
        vector<int> outputs;
        for (auto& request : requests)
            outputs.push_back((request.exchanged ? exchangedIndex : index)[request.value]);
        TensorProgram all = optimize(builder.build(outputs), typed);
        vector<int> distinct;
        std::map<int, int> first; // of each distinct output, where its numbers begin
        int size = 0;
        for (size_t i = 0; i < requests.size(); i++) {
            int output = all.getOutputs()[i];
            if (first.count(output) == 0) {
                first[output] = size;
                distinct.push_back(output);
                size += all.getSteps()[output].size;
            }
            requests[i].position = first[output];
        }
        length = size;
        return std::make_unique<TensorProgram>(all.getSteps(), distinct);
    }
    int getLength() const {
        return length;
    }
    int getPosition(int value, bool exchanged) const {
        for (auto& request : requests)
            if (request.value == value && request.exchanged == exchanged)
                return request.position;
        return -1;
    }

private:
    struct Request {
        int value;
        bool exchanged;
        int position = 0;
    };
    /** Copy a step with the first particle in the place of the second; steps that this does not change are there
     * already. */
    static int copyExchanged(const ProgramStep& step, int original, const vector<int>& operands,
            const vector<int>& exchangedIndex, ProgramBuilder& builder) {
        if (step.operation == Operation::Particle2)
            return builder.input(Operation::Particle1, step.size);
        vector<int> exchanged = mapOperands(step, exchangedIndex);
        return exchanged == operands ? original : builder.copy(step, exchanged);
    }
    const TensorProgram& program;
    vector<Request> requests;
    int length = 0;
};

} // namespace

static bool isPairStage(Stage stage) {
    return stage == Stage::Radial || stage == Stage::PairOfParticles;
}

static TensorProgram differentiateAll(const PairProgram& function, const vector<int>& derivatives) {
    TensorProgram program = optimize(function.getProgram(), function.isTyped());
    program = differentiate(program, Operation::Distance, 0, 1);
    for (int element : derivatives)
        program = differentiate(program, Operation::Globals, element, 2);
    return optimize(program, function.isTyped());
}

StagedProgram::StagedProgram(const PairProgram& function, const vector<int>& derivatives) {
    TensorProgram program = differentiateAll(function, derivatives);
    const vector<ProgramStep>& steps = program.getSteps();
    vector<Stage> stages = findStages(program, function.isTyped());
    vector<char> isOutput(steps.size(), false), isFrontier(steps.size(), false);
    for (int output : program.getOutputs())
        isOutput[output] = true;
    long long numTypePairNumbers = 0;
    for (size_t i = 0; i < steps.size(); i++)
        if (stages[i] == Stage::TypePair)
            numTypePairNumbers = std::max(
                    numTypePairNumbers, (long long) steps[i].size * function.getNumTypes() * function.getNumTypes());
    if (numTypePairNumbers > MostTypePairNumbers)
        for (auto& stage : stages)
            if (stage == Stage::TypePair)
                stage = Stage::PairOfParticles;
    for (size_t i = 0; i < steps.size(); i++) {
        isFrontier[i] |= isOutput[i];
        if (isPairStage(stages[i]))
            for (int operand : steps[i].operands)
                isFrontier[operand] = true;
    }

    Part globalPart(program), particlePart(program), typePairPart(program);
    auto partOf = [&](Stage stage) -> Part* {
        return stage == Stage::Global                                    ? &globalPart
                : stage == Stage::Particle1 || stage == Stage::Particle2 ? &particlePart
                : stage == Stage::TypePair                               ? &typePairPart
                                                                         : nullptr;
    };
    for (size_t i = 0; i < steps.size(); i++)
        if (isFrontier[i])
            if (Part* part = partOf(stages[i]))
                part->addValue(i, stages[i] == Stage::Particle2);
    global = globalPart.build(function.isTyped());
    particle = particlePart.build(function.isTyped());
    typePair = typePairPart.build(function.isTyped());

    ProgramBuilder builder;
    vector<int> index(steps.size(), -1);
    for (size_t i = 0; i < steps.size(); i++) {
        Part* part = partOf(stages[i]);
        if (part == nullptr)
            index[i] = builder.copy(steps[i], mapOperands(steps[i], index));
        else if (isFrontier[i]) {
            Operation input = (stages[i] == Stage::Global   ? Operation::Globals
                            : stages[i] == Stage::Particle1 ? Operation::Particle1
                            : stages[i] == Stage::Particle2 ? Operation::Particle2
                                                            : Operation::Pair);
            index[i] = builder.slice(builder.input(input, part->getLength()),
                    part->getPosition(i, stages[i] == Stage::Particle2), steps[i].size);
        }
    }
    pair = std::make_unique<TensorProgram>(removeDeadCode(simplify(builder.build(mapOutputs(program, index)))));
}

static bool haveSameStructure(const std::unique_ptr<TensorProgram>& a, const std::unique_ptr<TensorProgram>& b) {
    return a == nullptr || b == nullptr ? a == b : a->getText() == b->getText();
}

bool StagedProgram::hasSameStructure(const StagedProgram& other) const {
    return haveSameStructure(global, other.global) && haveSameStructure(particle, other.particle) &&
            haveSameStructure(typePair, other.typePair) && haveSameStructure(pair, other.pair);
}

ProgramCost::ProgramCost(const TensorProgram& program) : multiplyAdds(0), others(0) {
    for (auto& step : program.getSteps())
        switch (getInfo(step.operation).kind) {
            case OperationKind::Linear: multiplyAdds += program.getSteps()[step.operands[0]].size; break;
            case OperationKind::Table: multiplyAdds += 3 * step.size; break;
            case OperationKind::Elementwise: others += step.size; break;
            case OperationKind::Reduction: others += program.getSteps()[step.operands[0]].size; break;
            default: break;
        }
}

static void writeCost(std::ostream& stream, const char* when, const std::unique_ptr<TensorProgram>& part) {
    if (part == nullptr)
        return;
    ProgramCost cost(*part);
    stream << "per " << when << ": " << cost.multiplyAdds << " multiply-adds, " << cost.others << " other operations, "
           << cost.multiplyAdds + cost.others << " together\n";
}

string LearnedPairPlugin::describeStages(const PairProgram& function) {
    TensorProgram program = optimize(function.getProgram(), function.isTyped());
    vector<Stage> stages = findStages(program, function.isTyped());
    std::istringstream lines(program.getText());
    std::ostringstream text;
    string line;
    for (size_t i = 0; i < stages.size() && std::getline(lines, line); i++) {
        line.resize(std::max(line.size(), (size_t) 44), ' ');
        text << line << "  # " << getName(stages[i]) << '\n';
    }
    std::getline(lines, line);
    text << line << '\n';
    StagedProgram staged(function);
    writeCost(text, "pair, energy and force", staged.pair);
    writeCost(text, "particle, when it changes", staged.particle);
    writeCost(text, "pair of types, when it changes", staged.typePair);
    return text.str();
}
