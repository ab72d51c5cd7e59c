// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "EnvironmentFunction.h"
#include "internal/exportLearnedPair.h"
#include "internal/InteractionClasses.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The tabulated densities of an EnvironmentFunction, in the memory layout in which platforms look them up.
 *
 * The channels of each angular order lie side by side, filled up to whole vectors. An interval between two knots has a
 * row with the coefficients of cubic polynomials in the position t from 0 to 1: for each order four arrays, one for
 * each power of t, of all its channels. An atom has, for each order l and each of its 2l+1 components, an array with a
 * number for each channel: the sum over its neighbors, or the derivative of the energy with respect to this sum.
 */
class LEARNEDPAIR_EXPORT DensityTables {
public:
    /** The number of angular orders: 0 to 3. */
    static constexpr int NumOrders = EnvironmentFunction::MaxAngularOrder + 1;
    /** The knots of an ordered pair of interaction classes. Both numbers are 0 if they do not interact. */
    struct Knots {
        double inverseSpacing; ///< measured in 1/nm
        int firstRow;
    };
    /** @param vectorLength  the number of channels in a vector */
    DensityTables(const EnvironmentFunction& function, const InteractionClasses& classes, int vectorLength);
    int getNumChannels() const {
        return orders.size();
    }
    int getOrder(int channel) const {
        return orders[channel];
    }
    /** Get the place of the first component of a channel among the numbers of an atom. */
    int getPlace(int channel) const {
        return places[channel];
    }
    /** Get the distance between the components of a channel among the numbers of an atom. */
    int getStep(int channel) const {
        return widths[orders[channel]];
    }
    /** Get the number of channels of an angular order, filled up to whole vectors. */
    int getWidth(int order) const {
        return widths[order];
    }
    /** Get the place of the first coefficient of an angular order in a row. */
    int getFirstColumn(int order) const {
        return firstColumns[order];
    }
    /** Get the place of the first number of an angular order among the numbers of an atom. */
    int getFirstPlace(int order) const {
        return firstPlaces[order];
    }
    /** Get the number of coefficients of a row. */
    int getRowSize() const {
        return rowSize;
    }
    /** Get the number of numbers of an atom. */
    int getStride() const {
        return stride;
    }
    /** Get the coefficients, shape [numRows][getRowSize()]. Row 0 is zero. */
    const std::vector<double>& getRows() const {
        return rows;
    }
    /** Get the knots, shape [numClasses][numClasses]: for the class of the atom in the center and of its neighbor. */
    const std::vector<Knots>& getKnots() const {
        return knots;
    }

private:
    void setRows(const EnvironmentFunction& function);
    std::vector<int> orders, places;
    std::vector<int> columns; // for each channel the place of its first coefficient in a row
    int widths[NumOrders], firstColumns[NumOrders], firstPlaces[NumOrders];
    int rowSize, stride;
    std::vector<int> firstRows; // of each curve
    std::vector<double> rows;
    std::vector<Knots> knots;
};

} // namespace LearnedPairPlugin
