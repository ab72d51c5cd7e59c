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
 * Find the parameters of a force with respect to which its energy must be differentiated. These are the derivatives
 * requested of this force or of any other force of the System. OpenMM adds the derivatives of all forces with respect
 * to a parameter, so the sum would be wrong without the contribution of this force.
 *
 * @return the names of the parameters: first the requests of this force in their order, then those of other forces
 */
LEARNEDPAIR_EXPORT std::vector<std::string> findEnergyParameterDerivatives(
        const OpenMM::System& system, const LearnedPairForce& force);

/** The scale and the global parameters of a force: their values in a Context, and the derivatives that are computed. */
class LEARNEDPAIR_EXPORT GlobalValues {
public:
    /**
     * @param derivativeNames  the parameters with respect to which derivatives are computed, from
     *                         findEnergyParameterDerivatives()
     */
    GlobalValues(const LearnedPairForce& force, const std::vector<std::string>& derivativeNames);
    /** Read the values from a Context. */
    void update(OpenMM::ContextImpl& context);
    /** Get the value of the scale, or 1 if there is none. */
    double getScale() const {
        return scale;
    }
    /**
     * Get the values of the global parameters of the function, in the order of the function. Before the first update()
     * they are the default values of the force.
     */
    const std::vector<double>& getValues() const {
        return values;
    }
    /** Get the name of the scale if the derivative with respect to it is computed, else an empty string. */
    const std::string& getScaleDerivative() const {
        return scaleDerivative;
    }
    /** Get the indices of the global parameters of the function with respect to which derivatives are computed. */
    const std::vector<int>& getDerivatives() const {
        return derivatives;
    }
    /**
     * Get the names of all parameters with respect to which derivatives are computed: the scale, then the global
     * parameters in the order of getDerivatives().
     */
    std::vector<std::string> getDerivativeNames() const;
    /**
     * Add the derivatives of this force's energy to the derivatives of a Context.
     *
     * @param sum            the energy, not multiplied by the scale; its derivative with respect to the scale
     * @param derivatives    the derivatives of `sum` with respect to the parameters of getDerivatives()
     * @param[in,out] total  the derivatives of all forces, by the names of the parameters
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
