// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairProgram.h"
#include "internal/DistinctParticles.h"
#include "internal/InteractionClasses.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::vector;

static std::unique_ptr<const CompiledProgram> compile(
        const LearnedPairForce& force, const vector<int>& derivatives, const CompilerOptions& options) {
    return std::make_unique<CompiledProgram>(
            dynamic_cast<const PairProgram&>(force.getFunction()), derivatives, options);
}

CommonPairProgram::CommonPairProgram(
        ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals, bool hasTensorCores) :
        cc(cc),
        derivatives(globals.getDerivatives()),
        options{cc.getUseDoublePrecision(), hasTensorCores && force.getNonbondedMethod() != LearnedPairForce::NoCutoff},
        program(compile(force, derivatives, options)),
        numClasses(InteractionClasses(force).numClasses),
        maxParticles(DistinctParticles::countMax(force)),
        particleSize(program->getParts().getParticleSize()),
        numParticles(0),
        isUploaded(false),
        particleValues{"particleValues", 0, {}},
        pairValues{"pairValues", 0, {}},
        globalValues{"globalValues", 0, {}} {}

int CommonPairProgram::getRealSize() const {
    return cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float);
}

void CommonPairProgram::upload(const LearnedPairForce& force) {
    if (isUploaded) // in an update, which keeps the structure of the program
        program = compile(force, derivatives, options);
    isUploaded = true;
    uploadParticles(force);
    const vector<double>& constants = program->getConstants();
    if (!constants.empty()) {
        if (!weights.isInitialized())
            weights.initialize(cc, constants.size(), getRealSize(), "learnedPairWeights");
        weights.upload(constants, true);
    }
    if (program->usesTensorCores()) {
        vector<std::uint32_t> words = program->getFragments();
        if (!fragments.isInitialized())
            fragments.initialize<mm_int2>(cc, words.size() / 2, "learnedPairFragments");
        fragments.upload(words.data());
    }
    const TensorProgram& pairPart = program->getParts().getPairPart();
    particleValues.length = particleSize * maxParticles;
    pairValues.length = pairPart.getInputSize(PairInput::Pair) * numParticles * numParticles;
    globalValues.length = pairPart.getInputSize(PairInput::Globals);
    for (Input* input : {&particleValues, &pairValues, &globalValues})
        if (input->length > 0 && !input->array.isInitialized())
            input->array.initialize(cc, input->length, getRealSize(), input->name);
}

void CommonPairProgram::uploadParticles(const LearnedPairForce& force) {
    InteractionClasses classes(force);
    DistinctParticles distinct(force);
    stages = std::make_unique<StageValues>(program->getParts(), distinct.values, distinct.count);
    numParticles = distinct.count;
    vector<mm_int2> particleData(cc.getPaddedNumAtoms(), mm_int2(0, 0));
    for (int i = 0; i < force.getNumParticles(); i++)
        particleData[i] = mm_int2(classes.particleClasses[i], distinct.index[i]);
    vector<int> interactsData(classes.interacts.begin(), classes.interacts.end());
    if (!particles.isInitialized()) {
        particles.initialize<mm_int2>(cc, particleData.size(), "learnedPairParticles");
        interacts.initialize<int>(cc, interactsData.size(), "learnedPairInteracts");
    }
    particles.upload(particleData);
    interacts.upload(interactsData);
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
    if (fragments.isInitialized())
        arguments.emplace_back(fragments, prefix + "fragments", "int", 2);
    for (Input* input : {&particleValues, &pairValues, &globalValues})
        if (input->length > 0)
            arguments.emplace_back(input->array, prefix + input->name, "real", 1);
    return arguments;
}

string CommonPairProgram::getCondition(const string& prefix) const {
    return prefix + "interacts[" + prefix + "particle1.x*" + cc.intToString(numClasses) + "+" + prefix + "particle2.x]";
}

PairFunctionText CommonPairProgram::getText(const string& prefix) const {
    const TensorProgram& pairPart = program->getParts().getPairPart();
    std::ostringstream declare, set, text, results;
    // On tensor cores a thread evaluates two pairs at once: each variable of a pair is an array indexed by lpP.
    bool tensorCores = program->usesTensorCores();
    string ofPair = (tensorCores ? "[lpP]" : "");
    auto setPointer = [&](const string& pointer, const string& where) {
        if (tensorCores)
            declare << "GLOBAL const real* " << pointer << "[2];\n";
        set << (tensorCores ? "" : "GLOBAL const real* ") << pointer << ofPair << " = " << where << ";\n";
    };
    if (weights.isInitialized())
        text << "GLOBAL const real* lpWeights = " << prefix << "weights;\n";
    if (globalValues.length > 0)
        text << "GLOBAL const real* lpGlobals = " << prefix << "globalValues;\n";
    for (string k : {"1", "2"})
        if (pairPart.getInputSize(k == "1" ? PairInput::Particle1 : PairInput::Particle2) > 0)
            setPointer("lpParticle" + k,
                    prefix + "particleValues+" + prefix + "particle" + k + ".y*" + cc.intToString(particleSize));
    if (pairValues.length > 0)
        setPointer("lpPair",
                prefix + "pairValues+(" + prefix + "particle1.y*" + cc.intToString(numParticles) + "+" + prefix +
                        "particle2.y)*" + cc.intToString(pairPart.getInputSize(PairInput::Pair)));
    if (tensorCores)
        text << "GLOBAL const int2* lpFragments = " << prefix << "fragments;\n";
    text << program->print();
    auto output = [&](int index) { return "lpOutput" + cc.intToString(index) + ofPair; };
    results << "real lpEnergy = " << output(PairOutput::Energy) << ", lpDEdR = " << output(PairOutput::DEdR) << ";\n";
    for (size_t d = 0; d < derivatives.size(); d++)
        results << "const real lpDEdG" << d << " = " << output(PairOutput::dEdG(d)) << ", lpD2EdRdG" << d << " = "
                << output(PairOutput::d2EdRdG(d)) << ";\n";
    PairFunctionText function;
    function.declareInputs = declare.str();
    function.setInputs = set.str();
    function.program = text.str();
    function.getResults = results.str();
    return function;
}
