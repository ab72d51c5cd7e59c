// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/StagedProgram.h"
#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"
#include <algorithm>
#include <map>
#include <optional>

using namespace LearnedPairPlugin;
using std::vector;

// The largest number of elements of a value for all pairs of types. With more elements, values of pairs of types are
// not stored, but computed for each pair of particles.
static const long long MaxTypePairValues = 1 << 22;

namespace {

/** Builds the program of one part from the values that the pair part reads of it. */
class PartBuilder {
public:
    explicit PartBuilder(const TensorProgram& program) : program(program) {}
    /**
     * Request a value of the program as an output of the part.
     *
     * @param value      the index of the step
     * @param exchanged  whether to compute the value with particle 1 in the place of particle 2. The part of the level
     *                   Particle runs for one particle, so values of the second particle are computed in this way.
     */
    void addValue(int value, bool exchanged) {
        requests.push_back({value, exchanged});
    }
    /**
     * Build the program of all requested values. Equal values are computed once.
     *
     * @return the program, or nothing if no value was requested
     */
    std::optional<TensorProgram> build(ParticleInput particles) {
        if (requests.empty())
            return {};
        ProgramBuilder builder(program.getSignature());
        vector<int> index = builder.copyAll(program), exchangedIndex;
        for (size_t i = 0; i < index.size(); i++)
            exchangedIndex.push_back(copyExchanged(program.getSteps()[i], index[i],
                    mapOperands(program.getSteps()[i], index), exchangedIndex, builder));
        vector<int> outputs;
        for (auto& request : requests)
            outputs.push_back((request.exchanged ? exchangedIndex : index)[request.value]);
        TensorProgram all = optimize(builder.build(outputs), particles);
        vector<int> distinct;
        std::map<int, int> first; // the position of the first element of each distinct output
        for (size_t i = 0; i < requests.size(); i++) {
            int output = all.getOutputs()[i];
            if (first.count(output) == 0) {
                first[output] = length;
                distinct.push_back(output);
                length += all.getSteps()[output].size;
            }
            requests[i].position = first[output];
        }
        return TensorProgram(all.getSteps(), distinct, all.getSignature());
    }
    /** Get the number of elements of all outputs together. */
    int getLength() const {
        return length;
    }
    /** Get the position of the first element of a requested value among the elements of all outputs. */
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
    /** Copy a step with particle 1 in the place of particle 2. A step that does not change is not copied. */
    static int copyExchanged(const ProgramStep& step, int original, const vector<int>& operands,
            const vector<int>& exchangedIndex, ProgramBuilder& builder) {
        if (isInput(step, PairInput::Particle2))
            return builder.input(PairInput::Particle1, step.size);
        vector<int> exchanged = mapOperands(step, exchangedIndex);
        return exchanged == operands ? original : builder.copy(step, exchanged);
    }
    const TensorProgram& program;
    vector<Request> requests;
    int length = 0;
};

} // namespace

static TensorProgram differentiateAll(const PairProgram& function, const vector<int>& derivatives) {
    ParticleInput particles = function.getParticleInput();
    TensorProgram program = optimize(function.getProgram(), particles);
    program = differentiate(program, PairInput::Distance, 0, 1);
    for (int element : derivatives)
        program = differentiate(program, PairInput::Globals, element, 2);
    return optimize(program, particles);
}

/** Find the stages of all steps. If values of pairs of types need too much memory, they move to the pair stage. */
static vector<Stage> findAffordableStages(const TensorProgram& program, const PairProgram& function) {
    vector<Stage> stages = findStages(program, function.getParticleInput());
    long long numTypes = function.getNumTypes(), numValues = 0;
    for (size_t i = 0; i < stages.size(); i++)
        if (stages[i] == Stage::TypePair)
            numValues = std::max(numValues, program.getSteps()[i].size * numTypes * numTypes);
    if (numValues > MaxTypePairValues)
        std::replace(stages.begin(), stages.end(), Stage::TypePair, Stage::PairOfParticles);
    return stages;
}

/** Find the steps whose values leave their part: outputs of the program, and operands of the pair part. */
static vector<char> findFrontier(const TensorProgram& program, const vector<Stage>& stages) {
    vector<char> isFrontier(stages.size(), false);
    for (int output : program.getOutputs())
        isFrontier[output] = true;
    for (size_t i = 0; i < stages.size(); i++)
        if (isPairStage(stages[i]))
            for (int operand : program.getSteps()[i].operands)
                isFrontier[operand] = true;
    return isFrontier;
}

/** Get the input from which the pair part reads the values of a stage. */
static int inputOfStage(Stage stage) {
    switch (stage) {
        case Stage::Global: return PairInput::Globals;
        case Stage::Particle1: return PairInput::Particle1;
        case Stage::Particle2: return PairInput::Particle2;
        default: return PairInput::Pair;
    }
}

StagedProgram::StagedProgram(const PairProgram& function, const vector<int>& derivatives) :
        particles(function.getParticleInput()) {
    TensorProgram program = differentiateAll(function, derivatives);
    const vector<ProgramStep>& steps = program.getSteps();
    vector<Stage> stages = findAffordableStages(program, function);
    vector<char> isFrontier = findFrontier(program, stages);

    std::map<PartLevel, PartBuilder> builders;
    for (PartLevel level : {PartLevel::Global, PartLevel::Particle, PartLevel::TypePair})
        builders.emplace(level, program);
    auto builderOf = [&](Stage stage) -> PartBuilder* {
        switch (stage) {
            case Stage::Global: return &builders.at(PartLevel::Global);
            case Stage::Particle1:
            case Stage::Particle2: return &builders.at(PartLevel::Particle);
            case Stage::TypePair: return &builders.at(PartLevel::TypePair);
            default: return nullptr;
        }
    };
    for (size_t i = 0; i < steps.size(); i++)
        if (PartBuilder* part = builderOf(stages[i]); part != nullptr && isFrontier[i])
            part->addValue(i, stages[i] == Stage::Particle2);
    for (auto& [level, part] : builders)
        if (auto built = part.build(particles))
            parts.push_back({level, *built});

    ProgramBuilder pair(program.getSignature());
    vector<int> index(steps.size(), -1);
    for (size_t i = 0; i < steps.size(); i++) {
        PartBuilder* part = builderOf(stages[i]);
        if (part == nullptr)
            index[i] = pair.copy(steps[i], mapOperands(steps[i], index));
        else if (isFrontier[i])
            index[i] = pair.slice(pair.input(inputOfStage(stages[i]), part->getLength()),
                    part->getPosition(i, stages[i] == Stage::Particle2), steps[i].size);
    }
    parts.push_back({PartLevel::Pair, removeDeadCode(simplify(pair.build(mapOutputs(program, index))))});
}

const TensorProgram* StagedProgram::find(PartLevel level) const {
    for (auto& part : parts)
        if (part.level == level)
            return &part.program;
    return nullptr;
}

int StagedProgram::getParticleSize() const {
    return std::max(getPairPart().getInputSize(PairInput::Particle1), getPairPart().getInputSize(PairInput::Particle2));
}

bool StagedProgram::hasSameStructure(const StagedProgram& other) const {
    return std::equal(
            parts.begin(), parts.end(), other.parts.begin(), other.parts.end(), [](const Part& a, const Part& b) {
                return a.level == b.level && a.program.getText() == b.program.getText();
            });
}
