// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DensityText.h"
#include "CommonLearnedPairKernelSources.h"
#include "KernelText.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using OpenMM::ComputeContext;
using std::string;
using std::to_string;
using std::vector;

// The number of vectors that a thread holds in registers while it adds up densities.
static const int MaxVectors = 8;

namespace {

class Printer {
public:
    Printer(ComputeContext& cc, const LearnedPairForce& force, const CommonDensityTables& tables) :
            cc(cc),
            force(force),
            layout(tables.getLayout()),
            numClasses(tables.getNumClasses()),
            firstKnot(dynamic_cast<const EnvironmentFunction&>(force.getFunction()).getFirstKnot()) {}

    /** Print statements that find the polynomials of one direction of a pair. @param k  a suffix of the names */
    string printRow(const string& k, const string& center, const string& neighbor) const {
        return replaceHoles(cc, CommonLearnedPairKernelSources::densityRow,
                {{{"LP_CURVE", "lpCurve" + k}, {"LP_X", "lpX" + k}, {"LP_INTERVAL", "lpInterval" + k},
                    {"LP_T", "lpT" + k}, {"LP_ROW", "lpRow" + k}, {"LP_CENTER", center}, {"LP_NEIGHBOR", neighbor},
                    {"LP_NUM_CLASSES", to_string(numClasses)}, {"LP_FIRST_KNOT", cc.doubleToString(firstKnot)},
                    {"LP_ROW_SIZE", to_string(layout.getRowSize() / Length)}}});
    }

    /** Print the switching function and the direction from the first atom to the second one. */
    string printDirection() const {
        return insertSwitching(cc, "LP_HOLE_SWITCHING\nconst real3 lpN = delta*lpInvR; // zero at distance 0\n", force);
    }

    vector<DensityText::Chunk> printChunks() const {
        vector<DensityText::Chunk> chunks;
        int numVectors = MaxVectors; // of the last chunk
        bool hasOrder[DensityTables::NumOrders];
        for (int order = 0; order < DensityTables::NumOrders; order++)
            for (int vector = 0; vector < getNumVectors(order); vector++) {
                const int components = 2 * order + 1;
                if (numVectors + components > MaxVectors) {
                    chunks.push_back({"", printDirection() + printRow("1", "lpClass1", "lpClass2"), ""});
                    numVectors = 0;
                    std::fill(hasOrder, hasOrder + DensityTables::NumOrders, false);
                }
                numVectors += components;
                if (order > 0 && !hasOrder[order])
                    chunks.back().add += printHarmonics(order, "lpC" + to_string(order));
                hasOrder[order] = true;
                addVector(chunks.back(), order, vector);
            }
        return chunks;
    }

    string printForce() const {
        string text = printDirection() + printRow("1", "lpClass1", "lpClass2") + printRow("2", "lpClass2", "lpClass1") +
                "real3 lpForce = make_real3(0);\n"
                "if (lpCurve1.x > 0) { // zero for pairs that do not interact, also if a gradient is infinite\n";
        for (int order = 0; order < DensityTables::NumOrders; order++) {
            if (getNumVectors(order) == 0)
                continue;
            const string l = to_string(order);
            const string harmonics = (order == 0 ? "lpC[0] = 1;" : "lpHarmonics" + l + "(lpN, lpC);"),
                         gradient = (order == 0 ? "" : "lpForce += lpGradient" + l + "(lpN, lpP)*lpInvR;");
            text += replaceHoles(cc, CommonLearnedPairKernelSources::densityForce,
                    {{{"LP_ORDER", l}, {"LP_COMPONENTS", to_string(2 * order + 1)},
                        {"LP_NUM_VECTORS", to_string(getNumVectors(order))},
                        {"LP_FIRST_COLUMN", to_string(layout.getFirstColumn(order) / Length)},
                        {"LP_FIRST_PLACE", to_string(layout.getFirstPlace(order) / Length)},
                        {"LP_STRIDE", to_string(layout.getStride() / Length)}, {"LP_SIGN", order % 2 == 0 ? "1" : "-1"},
                        {"LP_HARMONICS", harmonics}, {"LP_GRADIENT", gradient}}});
        }
        return text + "}\n";
    }

    string printFunctions() const {
        return replaceHoles(cc, CommonLearnedPairKernelSources::densityFunctions,
                {{{"LP_SQRT_3", cc.doubleToString(1.7320508075688772)},
                    {"LP_SQRT_15", cc.doubleToString(3.8729833462074170)},
                    {"LP_SQRT_3_8", cc.doubleToString(0.61237243569579452)},
                    {"LP_SQRT_5_8", cc.doubleToString(0.7905694150420949)}}});
    }

    string printCondition() const {
        return "lpCurves[lpClass1*" + to_string(numClasses) + "+lpClass2].x > 0";
    }

private:
    static constexpr int Length = CommonDensityTables::VectorLength;
    int getNumVectors(int order) const {
        return layout.getWidth(order) / Length;
    }
    static string printHarmonics(int order, const string& name) {
        const string l = to_string(order);
        return "real " + name + "[" + to_string(2 * order + 1) + "];\nlpHarmonics" + l + "(lpN, " + name + ");\n";
    }
    /** Add the numbers of four channels of an order to a chunk. */
    void addVector(DensityText::Chunk& chunk, int order, int vector) const {
        const string id = to_string(order) + "x" + to_string(vector), w = "lpW" + id;
        const string arguments = "(lpRow1+" + to_string(layout.getFirstColumn(order) / Length + vector) + ", " +
                to_string(getNumVectors(order)) + ", lpT1)";
        chunk.add += "real4 " + w + " = lpInterpolate" + arguments + ";\n";
        chunk.add += "if (lpRBelowInner < 0)\n" + w + " += lpInterpolateSlope" + arguments +
                "*(lpRBelowInner*lpCurve1.x);\n" + w + " *= lpSwitch;\n";
        for (int m = 0; m <= 2 * order; m++) {
            const string sum = "lpSum" + id + "x" + to_string(m);
            chunk.declare += "real4 " + sum + " = make_real4(0);\n";
            chunk.add +=
                    sum + " += " + w + (order == 0 ? "" : "*lpC" + to_string(order) + "[" + to_string(m) + "]") + ";\n";
            for (int channel = 0; channel < layout.getNumChannels(); channel++)
                for (int i = 0; i < Length && layout.getOrder(channel) == order; i++)
                    if (layout.getPlace(channel) == layout.getFirstPlace(order) + vector * Length + i)
                        chunk.save += "lpAddSum(lpSums, lpScales, " +
                                to_string(layout.getPlace(channel) + m * layout.getStep(channel)) + ", lpAtom1, " +
                                sum + "." + "xyzw"[i] + " LP_FACTOR);\n";
        }
    }
    ComputeContext& cc;
    const LearnedPairForce& force;
    const DensityTables& layout;
    const int numClasses;
    const double firstKnot;
};

} // namespace

DensityText::DensityText(ComputeContext& cc, const LearnedPairForce& given, const CommonDensityTables& tables) {
    const Printer printer(cc, given, tables);
    functions = printer.printFunctions();
    condition = printer.printCondition();
    chunks = printer.printChunks();
    force = printer.printForce();
    isCentral = (tables.getLayout().getWidth(0) * 4 == tables.getLayout().getRowSize());
}
