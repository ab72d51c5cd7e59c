// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CompactedPairsKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"
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

CompactedPairsKernel::CompactedPairsKernel(ComputeContext& cc, NonbondedUtilities& list, double cutoff,
        const WarpTraits& traits, const PairKernelText& pair) :
        cc(cc),
        list(list),
        maxTiles(list.getInteractingTiles().getSize()) {
    int numWarps = (cc.getUseDoublePrecision() ? std::max(1, traits.warpsPerGroup / 2) : traits.warpsPerGroup);
    groupSize = numWarps * ComputeContext::TileSize;
    int numExclusionTiles = list.getExclusionTiles().getSize();
    map<string, string> defines;
    defines["NUM_ATOMS"] = cc.intToString(cc.getNumAtoms());
    defines["PADDED_NUM_ATOMS"] = cc.intToString(cc.getPaddedNumAtoms());
    defines["TILE_SIZE"] = cc.intToString(ComputeContext::TileSize);
    defines["LP_WARPS"] = cc.intToString(numWarps);
    defines["LP_TENSOR_CORES"] = (pair.onTensorCores ? "1" : "0");
    defines["LP_SYNC_WARP"] = traits.syncWarp;
    defines["LP_CUTOFF_SQUARED"] = cc.doubleToString(cutoff * cutoff);
    defines["LP_APPLY_PERIODIC"] = (list.getUsePeriodic() ? "APPLY_PERIODIC_TO_DELTA(delta)" : "");
    defines["LP_FIRST_EXCLUSION_TILE"] = cc.intToString(cc.getContextIndex() * numExclusionTiles / cc.getNumContexts());
    defines["LP_LAST_EXCLUSION_TILE"] =
            cc.intToString((cc.getContextIndex() + 1) * numExclusionTiles / cc.getNumContexts());
    addArguments(pair);
    kernel = cc.compileProgram(createText(pair), defines)->createKernel("computeLearnedPairs");
    // Register the buffer only after the kernel has compiled: OpenMM keeps a pointer to it and clears it in every
    // evaluation. If compilation throws, the pointer would dangle.
    numTaken.initialize<unsigned int>(cc, 1, "learnedPairNumTaken");
    cc.clearBuffer(numTaken);
    cc.addAutoclearBuffer(numTaken);
    arguments.bind(kernel);
}

void CompactedPairsKernel::addArguments(const PairKernelText& pair) {
    arguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    arguments.add("GLOBAL mixed* RESTRICT energyBuffer", cc.getEnergyBuffer());
    arguments.add("GLOBAL const real4* RESTRICT posq", cc.getPosq());
    arguments.add("GLOBAL const unsigned int* RESTRICT exclusions", list.getExclusions());
    arguments.add("GLOBAL const int2* RESTRICT exclusionTiles", list.getExclusionTiles());
    tilesArgument = arguments.add("GLOBAL const int* RESTRICT tiles", list.getInteractingTiles());
    arguments.add("GLOBAL const unsigned int* RESTRICT interactionCount", list.getInteractionCount());
    maxTilesArgument = arguments.add("unsigned int maxTiles", (unsigned int) maxTiles);
    interactingAtomsArgument = arguments.add("GLOBAL const int* RESTRICT interactingAtoms", list.getInteractingAtoms());
    arguments.add("GLOBAL unsigned int* RESTRICT numTaken", numTaken);
    boxArgument = arguments.addLater("real4 periodicBoxSize");
    for (string name : {"invPeriodicBoxSize", "periodicBoxVecX", "periodicBoxVecY", "periodicBoxVecZ"})
        arguments.addLater("real4 " + name);
    addPairArguments(arguments, cc, pair);
}

/** Fill the holes of kernels/compactedPairs.cc. */
string CompactedPairsKernel::createText(const PairKernelText& pair) const {
    stringstream declare, load, get;
    for (auto& parameter : pair.parameters)
        for (string k : {"1", "2"}) {
            string name = parameter.getName() + k, local = "local_" + name;
            declare << "LOCAL " << parameter.getType() << " " << local << "[LP_WARPS][TILE_SIZE];\n";
            load << (k == "1" ? "" : "if (atom2 < NUM_ATOMS)\n") << local << "[warp][lane] = global_"
                 << parameter.getName() << "[atom" << k << "];\n";
            get << "const " << parameter.getType() << " " << name << " = " << local << "[warp][place" << k << "];\n";
        }
    const DerivativeText derivatives = createDerivativeText(cc, pair);
    const vector<map<string, string>> rounds = {{{"LP_HOLE_LOAD_PAIR", CommonLearnedPairKernelSources::compactedPair}},
        {{"LP_HOLE_ARGUMENTS", arguments.declare()}, {"LP_HOLE_PARAMETERS", declare.str()},
            {"LP_HOLE_LOAD_PARAMETERS", load.str()}, {"LP_HOLE_GET_PARAMETERS", get.str()},
            {"LP_HOLE_CONDITION", pair.condition.empty() ? "true" : pair.condition},
            {"LP_HOLE_DECLARE_DERIVATIVES", derivatives.declare},
            {"LP_HOLE_SAVE_DERIVATIVES", derivatives.save}},
        {{"LP_HOLE_DISTANCE", pair.distance}, {"LP_HOLE_ENERGY", pair.energy},
            {"LP_HOLE_DECLARE_INPUTS", pair.function.declareInputs}, {"LP_HOLE_SET_INPUTS", pair.function.setInputs},
            {"LP_HOLE_PROGRAM", (pair.onTensorCores ? "" : pair.function.setInputs) + pair.function.program},
            {"LP_HOLE_GET_RESULTS", pair.function.getResults}}};
    string text = fillHoles(cc, CommonLearnedPairKernelSources::compactedPairs, rounds);
    return pair.onTensorCores ? CommonLearnedPairKernelSources::tensorCores + text : text;
}

void CompactedPairsKernel::execute() {
    if (list.getInteractingTiles().getSize() != maxTiles) { // OpenMM has enlarged the list
        maxTiles = list.getInteractingTiles().getSize();
        kernel->setArg(tilesArgument, list.getInteractingTiles());
        kernel->setArg(maxTilesArgument, (unsigned int) maxTiles);
        kernel->setArg(interactingAtomsArgument, list.getInteractingAtoms());
    }
    setPeriodicBoxArgs(cc, kernel, boxArgument);
    int maxThreads =
            std::min(cc.getNumThreadBlocks() * groupSize, (int) cc.getEnergyBuffer().getSize() / groupSize * groupSize);
    kernel->execute(maxThreads, groupSize);
}
