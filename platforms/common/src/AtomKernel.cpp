// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "AtomKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "ConstantLayout.h"
#include "internal/atomProgram.h"
#include "internal/ProgramCost.h"
#include "KernelText.h"
#include "ProgramPrinter.h"
#include <algorithm>
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;
using std::to_string;
using std::vector;

// Unrolling the loops of larger programs would take long to compile.
static const long long MaxUnrolledOperations = 512;

static const int GroupSize = 128;

static TensorProgram makeProgram(const EnvironmentFunction& function, const vector<int>& derivatives) {
    return optimizeAtomProgram(makeAtomProgram(function, derivatives));
}

AtomKernel::AtomKernel(ComputeContext& cc, const LearnedPairForce& force, const EnvironmentFunction& function,
        const GlobalValues& globals) :
        cc(cc),
        derivatives(globals.getDerivatives()),
        program(makeProgram(function, derivatives)) {
    const int realSize = (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
    types.initialize<int>(cc, cc.getPaddedNumAtoms(), "learnedPairTypes");
    if (const size_t count = ConstantLayout(program).values.size(); count > 0)
        weights.initialize(cc, count, realSize, "learnedPairWeights");
    if (!globals.getValues().empty())
        globalArray.initialize(cc, globals.getValues().size(), realSize, "learnedPairGlobals");
    upload(force, function);
}

void AtomKernel::upload(const LearnedPairForce& force, const EnvironmentFunction& function) {
    program = makeProgram(function, derivatives);
    vector<int> values = force.getParticleTypes();
    values.resize(cc.getPaddedNumAtoms(), LearnedPairForce::NotCovered);
    types.upload(values);
    if (weights.isInitialized())
        weights.upload(ConstantLayout(program).values, true);
}

void AtomKernel::createKernel(const LearnedPairForce& force, CommonDensityTables& tables, const GlobalValues& globals) {
    if (kernel != nullptr)
        return;
    arguments = KernelArguments();
    arguments.add("GLOBAL mixed* RESTRICT energyBuffer", cc.getEnergyBuffer());
    arguments.add("GLOBAL const int* RESTRICT types", types);
    tables.addSums(arguments);
    tables.addGradients(arguments, "real");
    addScaleArgument(arguments, cc, force, "lpParameters");
    if (weights.isInitialized())
        arguments.add("GLOBAL const real* RESTRICT lpWeights", weights);
    if (globalArray.isInitialized())
        arguments.add("GLOBAL const real* RESTRICT lpGlobals", globalArray);
    if (!globals.getDerivativeNames().empty())
        arguments.add("GLOBAL mixed* RESTRICT energyParamDerivs", cc.getEnergyParamDerivBuffer());
    std::map<string, string> defines;
    defines["NUM_ATOMS"] = cc.intToString(cc.getNumAtoms());
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["LP_NUM_CHANNELS"] = cc.intToString(tables.getLayout().getNumChannels());
    defines["LP_STRIDE"] = cc.intToString(tables.getLayout().getStride());
    kernel = cc.compileProgram(createText(force, tables.getLayout(), globals), defines)
                     ->createKernel("evaluateLearnedAtoms");
    arguments.bind(kernel);
}

string AtomKernel::createText(
        const LearnedPairForce& force, const DensityTables& layout, const GlobalValues& globals) const {
    std::ostringstream get, set, add;
    const int numChannels = layout.getNumChannels();
    for (int k = 0; k < numChannels; k++) {
        const string channel = to_string(2 * layout.getOrder(k) + 1) + ", " + to_string(layout.getPlace(k)) + ", " +
                to_string(layout.getStep(k)) + ", atom";
        get << "lpDensities[" << k << "] = lpGetDensity(lpSums, lpScales, " << channel << ");\n";
        set << "lpSetGradient(lpSums, lpScales, lpGradients, " << channel << ", lpOutput1"
            << (numChannels == 1 ? "" : "[" + to_string(k) + "]") << ");\n";
    }
    const string scale = createScaleText(cc, force, "lpParameters");
    int next = 0; // in the order of GlobalValues::getDerivativeNames()
    if (!globals.getScaleDerivative().empty())
        add << "lpParameterDerivative" << next++ << " += lpOutput0;\n";
    for (size_t d = 0; d < derivatives.size(); d++)
        add << "lpParameterDerivative" << next++ << " += " << scale << "*lpOutput" << 2 + d << ";\n";
    const DerivativeText sums = createDerivativeText(cc, globals.getDerivativeNames());
    const bool unroll = (ProgramCost(program).getTotal() <= MaxUnrolledOperations);
    return fillHoles(cc, CommonLearnedPairKernelSources::atoms,
            {{{"LP_HOLE_ARGUMENTS", arguments.declare()}, {"LP_HOLE_DECLARE_DERIVATIVES", sums.declare},
                {"LP_HOLE_SAVE_DERIVATIVES", sums.save}, {"LP_HOLE_GET_DENSITIES", get.str()},
                {"LP_HOLE_SET_GRADIENTS", set.str()}, {"LP_HOLE_ADD_DERIVATIVES", add.str()}, {"LP_SCALE", scale},
                {"LP_HOLE_PROGRAM", ProgramPrinter(program).print({cc.getUseDoublePrecision(), unroll})}}});
}

void AtomKernel::execute(const GlobalValues& globals) {
    if (globalArray.isInitialized() && uploadedGlobals != globals.getValues()) {
        globalArray.upload(globals.getValues(), true);
        uploadedGlobals = globals.getValues();
    }
    const int maxThreads = (int) cc.getEnergyBuffer().getSize() / GroupSize * GroupSize;
    const int needed = (cc.getNumAtoms() + GroupSize - 1) / GroupSize * GroupSize;
    kernel->execute(std::min(needed, maxThreads), GroupSize);
}
