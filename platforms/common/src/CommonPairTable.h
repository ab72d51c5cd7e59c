// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonPairFunction.h"
#include "internal/InteractionClasses.h"
#include "internal/KnotTable.h"
#include "internal/TableCurve.h"
#include "openmm/common/ComputeArray.h"
#include <vector>

namespace LearnedPairPlugin {

/** Tables on a device: the energy, and its derivatives by global parameters. */
class CommonPairTable : public CommonPairFunction {
public:
    /**
     * Reserve memory for tables, and copy the first ones.
     *
     * @param tables           the first tables
     * @param classes          the interaction classes, whose types are those of the tables
     * @param numCoefficients  for a program the number of coefficients (GlobalFactor); its later tables may have more
     *                         classes and knots. For a PairTable 0.
     */
    CommonPairTable(OpenMM::ComputeContext& cc, const TableCurves& tables, const InteractionClasses& classes,
            int numCoefficients);
    /**
     * Copy tables and the interaction classes of all particles to the device.
     *
     * @return why this is not possible, with nothing copied, or an empty string
     */
    std::string upload(const TableCurves& tables, const InteractionClasses& classes);
    /** Set the coefficients of the tables in the energy and its derivatives: see GlobalFactor. */
    void setCoefficients(const std::vector<double>& values);
    /** Make the energy of all pairs zero. */
    void clear();
    bool isSmall() const override {
        return true;
    }
    std::vector<OpenMM::ComputeParameterInfo> getParameters(const std::string& prefix) override;
    std::vector<OpenMM::ComputeParameterInfo> getArguments(const std::string& prefix) override;
    std::string getCondition(const std::string& prefix) const override {
        return ""; // pairs that do not interact look up knots of zeros
    }
    PairFunctionText getText(const std::string& prefix) const override;

private:
    void copy(const KnotTable& table, const InteractionClasses& classes);
    std::string getName(const std::string& energy, const std::string& derivative, int index) const;
    std::string combine(const std::string& prefix, const std::string& function, int row) const;
    OpenMM::ComputeContext& cc;
    const double minDistance;
    const int numFunctions, numCoefficients;
    std::vector<double> uploadedCoefficients;
    int maxClasses;
    size_t maxKnots;                   // of one function
    double smoothness;                 // see KnotTable
    OpenMM::ComputeArray classes;      // int, for each particle
    OpenMM::ComputeArray curves;       // real2 (inverse spacing, first knot), shape [maxClasses][maxClasses]
    OpenMM::ComputeArray knots;        // real2 (slope, change), shape [numFunctions][maxKnots]
    OpenMM::ComputeArray energies;     // real, shape [numFunctions][maxKnots]
    OpenMM::ComputeArray coefficients; // real, shape [][numFunctions]
};

} // namespace LearnedPairPlugin
