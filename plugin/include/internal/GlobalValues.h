// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include "openmm/internal/ContextImpl.h"
#include "openmm/System.h"
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Find the parameters of a force by which its energy has to be differentiated: those that were asked for, and those
 * that any other force of the System was asked for. A State adds the derivatives of all forces up under the name of the
 * parameter, and without this force's part the sum would be wrong.
 *
 * @return the names: first in the order of the force, then in that of the others
 */
LEARNEDPAIR_EXPORT std::vector<std::string> findEnergyParameterDerivatives(
        const OpenMM::System& system, const LearnedPairForce& force);

/** The scale and the global parameters of a force, with their values in a Context, and the derivatives that are needed.
 */
class LEARNEDPAIR_EXPORT GlobalValues {
public:
    /** @param derivativeNames  as findEnergyParameterDerivatives() finds them */
    GlobalValues(const LearnedPairForce& force, const std::vector<std::string>& derivativeNames);
    /** Read the values in a Context. */
    void update(OpenMM::ContextImpl& context);
    /** Get the scale, or 1 if there is none. */
    double getScale() const {
        return scale;
    }
    /** Get the values of the function's global parameters, in its order. */
    const std::vector<double>& getValues() const {
        return values;
    }
    /** Get the name of the scale if a derivative with respect to it is needed, else an empty string. */
    const std::string& getScaleDerivative() const {
        return scaleDerivative;
    }
    /** Get the indices of the function's global parameters with respect to which derivatives are needed. */
    const std::vector<int>& getDerivatives() const {
        return derivatives;
    }
    /** Get the names of all parameters with respect to which derivatives are needed: the scale first, then the
     * function's. */
    std::vector<std::string> getDerivativeNames() const;
    /**
     * Add the derivatives of the energy to a platform's sums.
     *
     * @param sum          the energy, without the scale
     * @param derivatives  its derivatives with respect to the parameters of getDerivatives(), without the scale
     */
    void addDerivatives(double sum, const std::vector<double>& derivatives, std::map<std::string, double>& total) const;

private:
    std::string scaleName, scaleDerivative;
    std::vector<std::string> names;
    std::vector<int> derivatives;
    double scale;
    std::vector<double> values;
};

} // namespace LearnedPairPlugin
