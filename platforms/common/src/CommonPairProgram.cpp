// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairProgram.h"
#include "internal/PairClasses.h"
#include "internal/ParticleRows.h"
#include "ProgramSource.h"
#include "TensorCoreSource.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::vector;

// Programs with more operations per pair than this get a kernel of their own, and loops that are not unrolled: in the
// shared kernel their registers would slow down the other forces. Up to here that kernel has at most 96 registers in
// single precision, and 128 in double (benchmarks/results/program_registers.json).
static const long long MostSharedOperations = 512, MostSharedOperationsInDouble = 128;

CommonPairProgram::CommonPairProgram(
        ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals, bool hasTensorCores) :
        cc(cc),
        derivatives(globals.getDerivatives()),
        program(std::make_unique<StagedProgram>(dynamic_cast<const PairProgram&>(force.getFunction()), derivatives)),
        numClasses(PairClasses(force).numClasses),
        numRows(0),
        maxRows(ParticleRows::countMost(force)),
        particleSize(std::max(
                program->pair->getInputSize(Operation::Particle1), program->pair->getInputSize(Operation::Particle2))),
        tensorCores(hasTensorCores && !cc.getUseDoublePrecision() &&
                force.getNonbondedMethod() != LearnedPairForce::NoCutoff && !isSmall() &&
                TensorCoreSource(*program->pair).getObstacle().empty()),
        particleValues{"particleValues", 0, {}},
        pairValues{"pairValues", 0, {}},
        globalValues{"globalValues", 0, {}} {}

bool CommonPairProgram::isSmall() const {
    ProgramCost cost(*program->pair);
    return cost.multiplyAdds + cost.others <=
            (cc.getUseDoublePrecision() ? MostSharedOperationsInDouble : MostSharedOperations);
}

void CommonPairProgram::upload(const LearnedPairForce& force) {
    auto& function = dynamic_cast<const PairProgram&>(force.getFunction());
    PairClasses classes(force);
    ParticleRows rows(force);
    program = std::make_unique<StagedProgram>(function, derivatives);
    stages = std::make_unique<StageValues>(*program, rows.rows, rows.numRows, function.isTyped());
    numRows = rows.numRows;
    vector<mm_int2> particleData(cc.getPaddedNumAtoms(), mm_int2(0, 0));
    kinds.clear();
    for (int i = 0; i < force.getNumParticles(); i++) {
        particleData[i] = mm_int2(classes.particleClasses[i], rows.index[i]);
        kinds.emplace_back(classes.particleClasses[i], rows.index[i]);
    }
    vector<double> constants = ProgramSource(*program->pair).getConstants();
    vector<int> interactsData(classes.interacts.begin(), classes.interacts.end());
    if (!particles.isInitialized()) {
        particles.initialize<mm_int2>(cc, particleData.size(), "learnedPairParticles");
        interacts.initialize<int>(cc, interactsData.size(), "learnedPairInteracts");
        if (!constants.empty())
            weights.initialize(cc, constants.size(), cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float),
                    "learnedPairWeights");
    }
    if (tensorCores) {
        vector<std::uint32_t> pieces = TensorCoreSource(*program->pair).getFragments();
        if (!fragments.isInitialized())
            fragments.initialize<mm_int2>(cc, pieces.size() / 2, "learnedPairFragments");
        fragments.upload(pieces.data());
    }
    particles.upload(particleData);
    interacts.upload(interactsData);
    if (!constants.empty())
        weights.upload(constants, true);
    particleValues.length = particleSize * maxRows;
    pairValues.length = program->pair->getInputSize(Operation::Pair) * numRows * numRows;
    globalValues.length = program->pair->getInputSize(Operation::Globals);
    for (Input* input : {&particleValues, &pairValues, &globalValues})
        if (input->length > 0 && !input->array.isInitialized())
            input->array.initialize(
                    cc, input->length, cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float), input->name);
}

void CommonPairProgram::setInput(Input& input, vector<double> values) {
    if (input.length == 0)
        return;
    values.resize(input.length, 0.0);
    input.array.upload(values, true);
}

void CommonPairProgram::updateGlobals(const GlobalValues& globals) {
    if (!stages->update(globals.getValues()))
        return;
    setInput(particleValues, stages->getParticles());
    setInput(pairValues, stages->getPairs());
    setInput(globalValues, stages->getGlobals());
}

vector<ComputeParameterInfo> CommonPairProgram::getParameters(const string& prefix) {
    return {ComputeParameterInfo(particles, prefix + "particle", "int", 2)};
}

vector<ComputeParameterInfo> CommonPairProgram::getArguments(const string& prefix) {
    vector<ComputeParameterInfo> arguments = {ComputeParameterInfo(interacts, prefix + "interacts", "int", 1)};
    if (weights.isInitialized())
        arguments.emplace_back(weights, prefix + "weights", "real", 1);
    if (tensorCores)
        arguments.emplace_back(fragments, prefix + "fragments", "int", 2);
    for (Input* input : {&particleValues, &pairValues, &globalValues})
        if (input->length > 0)
            arguments.emplace_back(input->array, prefix + input->name, "real", 1);
    return arguments;
}

string CommonPairProgram::getCondition(const string& prefix) const {
    return prefix + "interacts[" + prefix + "particle1.x*" + cc.intToString(numClasses) + "+" + prefix + "particle2.x]";
}

PairFunctionSource CommonPairProgram::getSource(const string& prefix) const {
    std::ostringstream declare, set, program, results;
    // On tensor cores two pairs are evaluated at once: there are two of what belongs to a pair, with indices.
    string ofPair = (tensorCores ? "[lpP]" : "");
    auto setPointer = [&](const string& pointer, const string& where) {
        if (tensorCores)
            declare << "GLOBAL const real* " << pointer << "[2];\n";
        set << (tensorCores ? "" : "GLOBAL const real* ") << pointer << ofPair << " = " << where << ";\n";
    };
    if (weights.isInitialized())
        program << "GLOBAL const real* lpWeights = " << prefix << "weights;\n";
    if (globalValues.length > 0)
        program << "GLOBAL const real* lpGlobals = " << prefix << "globalValues;\n";
    for (string k : {"1", "2"})
        if (this->program->pair->getInputSize(k == "1" ? Operation::Particle1 : Operation::Particle2) > 0)
            setPointer("lpParticle" + k,
                    prefix + "particleValues+" + prefix + "particle" + k + ".y*" + cc.intToString(particleSize));
    if (pairValues.length > 0)
        setPointer("lpPair",
                prefix + "pairValues+(" + prefix + "particle1.y*" + cc.intToString(numRows) + "+" + prefix +
                        "particle2.y)*" + cc.intToString(this->program->pair->getInputSize(Operation::Pair)));
    if (tensorCores)
        program << "GLOBAL const int2* lpFragments = " << prefix << "fragments;\n"
                << TensorCoreSource(*this->program->pair).print();
    else
        program << ProgramSource(*this->program->pair).print({cc.getUseDoublePrecision(), isSmall()});
    results << "real lpEnergy = lpOutput0" << ofPair << ", lpSlope = lpOutput1" << ofPair << ";\n";
    for (size_t d = 0; d < derivatives.size(); d++)
        results << "const real lpDEnergy" << d << " = lpOutput" << 2 + 2 * d << ofPair << "+lpBelow*lpOutput"
                << 3 + 2 * d << ofPair << ";\n";
    return {declare.str(), set.str(), program.str(), results.str()};
}
