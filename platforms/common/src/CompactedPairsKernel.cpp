// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CompactedPairsKernel.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::string;

void LearnedPairPlugin::addCompactedPairs(ComputeContext& cc, TileText& text, const string& results, int realsPerPair) {
    const int tileSize = ComputeContext::TileSize, numReals = realsPerPair * tileSize * (tileSize + 1);
    text.local += "LOCAL int allCounts[LP_WARPS][TILE_SIZE];\n"
                  "LOCAL unsigned short allPairs[LP_WARPS][TILE_SIZE*TILE_SIZE]; // TILE_SIZE*place1 + place2\n"
                  "LOCAL real allOfPairs[LP_WARPS][" +
            cc.intToString(numReals) + "]; // one more column, to avoid bank conflicts\n";
    text.begin += "LOCAL_ARG int* counts = allCounts[warp];\n"
                  "LOCAL_ARG unsigned short* pairs = allPairs[warp];\n"
                  "LOCAL_ARG real* " +
            results + " = allOfPairs[warp];\n";
    text.localBytes += tileSize * sizeof(int) + tileSize * tileSize * sizeof(short) +
            numReals * (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
}

std::unique_ptr<TileKernel> LearnedPairPlugin::makeCompactedPairsKernel(ComputeContext& cc, NonbondedUtilities& list,
        double cutoff, const WarpTraits& traits, const PairKernelText& pair) {
    TileText text;
    text.name = "computeLearnedPairs";
    text.functions = CommonLearnedPairKernelSources::forces +
            (pair.onTensorCores ? CommonLearnedPairKernelSources::tensorCores : "");
    const DerivativeText derivatives = createDerivativeText(cc, pair.derivatives);
    text.begin = "mixed energy = 0;\n" + derivatives.declare;
    text.end = "energyBuffer[GLOBAL_ID] += energy;\n" + derivatives.save;
    text.condition = pair.condition;
    for (auto& parameter : pair.parameters) // ComputeParameterInfo has no assignment
        text.parameters.push_back(parameter);
    addCompactedPairs(cc, text, "forcesOverR", 1);
    text.tile = replaceHoles(cc, CommonLearnedPairKernelSources::pairTile,
            {{{"LP_HOLE_COMPACT", CommonLearnedPairKernelSources::compactPairs},
                 {"LP_HOLE_LOAD_PAIR", CommonLearnedPairKernelSources::compactedPair},
                 {"LP_TENSOR_CORES", pair.onTensorCores ? "1" : "0"}},
                {{"LP_HOLE_DISTANCE", pair.distance}, {"LP_HOLE_ENERGY", pair.energy},
                    {"LP_HOLE_DECLARE_INPUTS", pair.function.declareInputs},
                    {"LP_HOLE_SET_INPUTS", pair.function.setInputs},
                    {"LP_HOLE_PROGRAM", (pair.onTensorCores ? "" : pair.function.setInputs) + pair.function.program},
                    {"LP_HOLE_GET_RESULTS", pair.function.getResults}}});
    KernelArguments arguments;
    arguments.add("GLOBAL mm_ulong* RESTRICT forceBuffers", cc.getLongForceBuffer());
    arguments.add("GLOBAL mixed* RESTRICT energyBuffer", cc.getEnergyBuffer());
    addPairArguments(arguments, cc, pair);
    return std::make_unique<TileKernel>(cc, list, cutoff, traits, text, arguments);
}
