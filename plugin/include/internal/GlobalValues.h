// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "internal/exportLearnedPair.h"
#include "openmm/internal/ContextImpl.h"
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** The scale and the global parameters of a force, with their values in a Context, and the derivatives that were asked for. */
class LEARNEDPAIR_EXPORT GlobalValues {
public:
    explicit GlobalValues(const LearnedPairForce& force);
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
    /** Get the name of the scale if a derivative with respect to it was asked for, else an empty string. */
    const std::string& getScaleDerivative() const {
        return scaleDerivative;
    }
    /** Get the indices of the function's global parameters with respect to which derivatives were asked for. */
    const std::vector<int>& getDerivatives() const {
        return derivatives;
    }
    /** Get the names of all parameters with respect to which derivatives were asked for: the scale first, then the function's. */
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
