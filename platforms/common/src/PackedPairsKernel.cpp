// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PackedPairsKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "openmm/common/CommonKernelUtilities.h"
#include <algorithm>
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::stringstream;
using std::vector;

// The order of the kernel's arguments.
static const int TilesArgument = 5, MaxTilesArgument = 7, InteractingAtomsArgument = 8, BoxArgument = 10;

static string declareArguments(const PairSource& source) {
    stringstream text;
    for (auto& parameter : source.parameters)
        text << ", GLOBAL const " << parameter.getType() << "* RESTRICT global_" << parameter.getName();
    for (auto& argument : source.arguments)
        text << ", GLOBAL const " << argument.getType() << "* RESTRICT " << argument.getName();
    if (!source.derivatives.empty())
        text << ", GLOBAL mixed* RESTRICT energyParamDerivs";
    return text.str();
}

PackedPairsKernel::PackedPairsKernel(ComputeContext& cc, NonbondedUtilities& list, double cutoff,
        const WarpLanguage& language, const PairSource& source) :
        cc(cc),
        list(list),
        maxTiles(list.getInteractingTiles().getSize()) {
    int numWarps = (cc.getUseDoublePrecision() ? std::max(1, language.warpsPerGroup / 2) : language.warpsPerGroup);
    groupSize = numWarps * ComputeContext::TileSize;
    int numExclusionTiles = list.getExclusionTiles().getSize();
    map<string, string> defines;
    defines["NUM_ATOMS"] = cc.intToString(cc.getNumAtoms());
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["TILE_SIZE"] = cc.intToString(ComputeContext::TileSize);
    defines["LP_WARPS"] = cc.intToString(numWarps);
    defines["LP_TENSOR_CORES"] = (source.onTensorCores ? "1" : "0");
    defines["LP_SYNC_WARP"] = language.syncWarp;
    defines["LP_CUTOFF_SQUARED"] = cc.doubleToString(cutoff * cutoff);
    defines["LP_APPLY_PERIODIC"] = (list.getUsePeriodic() ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    defines["LP_FIRST_EXCLUSION_TILE"] = cc.intToString(cc.getContextIndex() * numExclusionTiles / cc.getNumContexts());
    defines["LP_LAST_EXCLUSION_TILE"] =
            cc.intToString((cc.getContextIndex() + 1) * numExclusionTiles / cc.getNumContexts());

    stringstream declare, load, get, declareDerivatives, saveDerivatives;
    for (auto& parameter : source.parameters)
        for (string k : {"1", "2"}) {
            string name = parameter.getName() + k, local = "local_" + name;
            declare << "LOCAL " << parameter.getType() << " " << local << "[LP_WARPS][TILE_SIZE];\n";
            load << (k == "1" ? "" : "if (atom2 < NUM_ATOMS)\n") << local << "[warp][lane] = global_"
                 << parameter.getName() << "[atom" << k << "];\n";
            get << "const " << parameter.getType() << " " << name << " = " << local << "[warp][place" << k << "];\n";
        }
    const vector<string>& names = cc.getEnergyParamDerivNames();
    for (size_t d = 0; d < source.derivatives.size(); d++) {
        int index = std::find(names.begin(), names.end(), source.derivatives[d]) - names.begin();
        declareDerivatives << "mixed lpParameterDerivative" << d << " = 0;\n";
        saveDerivatives << "energyParamDerivs[GLOBAL_ID*" << names.size() << "+" << index
                        << "] += lpParameterDerivative" << d << ";\n";
    }
    string text = cc.replaceStrings(CommonLearnedPairKernelSources::packedPairs,
            {{"LP_HOLE_LOAD_PAIR", CommonLearnedPairKernelSources::packedPair}});
    text = cc.replaceStrings(text,
            {{"LP_HOLE_ARGUMENTS", declareArguments(source)}, {"LP_HOLE_PARAMETERS", declare.str()},
                {"LP_HOLE_LOAD_PARAMETERS", load.str()}, {"LP_HOLE_GET_PARAMETERS", get.str()},
                {"LP_HOLE_CONDITION", source.condition.empty() ? "true" : source.condition},
                {"LP_HOLE_DECLARE_DERIVATIVES", declareDerivatives.str()},
                {"LP_HOLE_SAVE_DERIVATIVES", saveDerivatives.str()}});
    text = cc.replaceStrings(text,
            {{"LP_HOLE_DISTANCE", source.distance}, {"LP_HOLE_ENERGY", source.energy},
                {"LP_HOLE_DECLARE_INPUTS", source.function.declareInputs},
                {"LP_HOLE_SET_INPUTS", source.function.setInputs},
                {"LP_HOLE_PROGRAM", (source.onTensorCores ? "" : source.function.setInputs) + source.function.program},
                {"LP_HOLE_GET_RESULTS", source.function.getResults}});
    if (source.onTensorCores)
        text = CommonLearnedPairKernelSources::tensorCores + text;
    kernel = cc.compileProgram(text, defines)->createKernel("computeLearnedPairs");
    // Not before the kernel has been compiled: OpenMM keeps the address of what it clears in each evaluation.
    numTaken.initialize<unsigned int>(cc, 1, "learnedPairNumTaken");
    cc.clearBuffer(numTaken);
    cc.addAutoclearBuffer(numTaken);
    kernel->addArg(cc.getLongForceBuffer());
    kernel->addArg(cc.getEnergyBuffer());
    kernel->addArg(cc.getPosq());
    kernel->addArg(list.getExclusions());
    kernel->addArg(list.getExclusionTiles());
    kernel->addArg(list.getInteractingTiles());
    kernel->addArg(list.getInteractionCount());
    kernel->addArg((unsigned int) maxTiles);
    kernel->addArg(list.getInteractingAtoms());
    kernel->addArg(numTaken);
    for (int i = 0; i < 5; i++)
        kernel->addArg(); // the box is set when the kernel is executed
    for (auto parameter : source.parameters)
        kernel->addArg(parameter.getArray());
    for (auto argument : source.arguments)
        kernel->addArg(argument.getArray());
    if (!source.derivatives.empty())
        kernel->addArg(cc.getEnergyParamDerivBuffer());
}

void PackedPairsKernel::execute() {
    if (list.getInteractingTiles().getSize() != maxTiles) { // the list has become longer
        maxTiles = list.getInteractingTiles().getSize();
        kernel->setArg(TilesArgument, list.getInteractingTiles());
        kernel->setArg(MaxTilesArgument, (unsigned int) maxTiles);
        kernel->setArg(InteractingAtomsArgument, list.getInteractingAtoms());
    }
    setPeriodicBoxArgs(cc, kernel, BoxArgument);
    int mostThreads =
            std::min(cc.getNumThreadBlocks() * groupSize, (int) cc.getEnergyBuffer().getSize() / groupSize * groupSize);
    kernel->execute(mostThreads, groupSize);
}
