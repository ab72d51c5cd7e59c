// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The sums of densities over the pairs of a block, and the forces that come from them. The pairs in range are packed,
// as in computeTable.h. They are then evaluated one by one, with vectors of channels.
#pragma once

#include "environmentTypes.h"
#include "internal/solidHarmonics.h"
#include "nearNeighbors.h"
#include "switchOff.h"
#include <cstddef>

using std::size_t;

namespace {

/** The number of neighbors whose pairs are packed together. */
const int NeighborChunk = 24;

/** Pairs in range, one array for each property. Of each pair, the atom of the block is the first one. */
struct PackedNeighbors {
    static constexpr int Capacity = NeighborChunk * Width + Width; // one more vector, since whole vectors are stored
    int size;
    alignas(64) float x[Capacity], y[Capacity], z[Capacity], r2[Capacity]; // from the first atom to the second one
    int32_t lane[Capacity], neighbor[Capacity];   // the first atom in the block, the second one in the list
    int32_t entry1[Capacity], entry2[Capacity];   // of the classes, with the first or the second atom in the center
    float inverse[Capacity], below[Capacity];     // 1/r; r minus the inner cutoff, or 0 if that is positive
    float value[Capacity], slope[Capacity];       // the switching function and its derivative
    float t1[Capacity], t2[Capacity];             // the position in the interval
    float spacing1[Capacity], spacing2[Capacity]; // the inverse spacing of the knots
    int32_t row1[Capacity], row2[Capacity];       // the row of the interval
};

/** Pack the pairs of some near neighbors that are in range. */
template<bool OneImage>
inline void pack(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles, int first,
        int last, int numClasses, PackedNeighbors& pairs) {
    const Ints classes = load(block.classes + block.first), lanes = laneNumbers();
    int size = 0;
    for (int i = first; i < last; i++) {
        const Displacements d = displacements<OneImage>(geometry, particles, block.near, i);
        const Floats r2 = d.squared();
        const unsigned bits = findInRange(geometry, r2, block.near, i);
        if (bits == 0)
            continue;
        compressStore(bits, -d.x, pairs.x + size);
        compressStore(bits, -d.y, pairs.y + size);
        compressStore(bits, -d.z, pairs.z + size);
        compressStore(bits, r2, pairs.r2 + size);
        compressStore(bits, lanes, pairs.lane + size);
        compressStore(bits, splat(block.near.particles[i]), pairs.neighbor + size);
        compressStore(bits, classes * numClasses + block.near.classes[i], pairs.entry1 + size);
        compressStore(bits, classes + block.near.classes[i] * numClasses, pairs.entry2 + size);
        size += countBits(bits);
    }
    pairs.size = size;
    store(splat(1.0f), pairs.r2 + size); // fills the last vector
    store(Ints{}, pairs.entry1 + size);
    store(Ints{}, pairs.entry2 + size);
}

/** Find the interval of each pair, for one of its atoms in the center. */
inline void findRows(const DensityArrays& arrays, const Floats& clamped, const int32_t* entries, float* t,
        float* spacing, int32_t* rows) {
    Floats inverseSpacing, firstRow;
    loadTransposed([&](int k) { return arrays.knots + 2 * (uint32_t) entries[k]; }, inverseSpacing, firstRow);
    const Floats x = (clamped - arrays.minDistance) * inverseSpacing;
    const Ints k = toInts(x);
    store(x - toFloats(k), t);
    store(inverseSpacing, spacing);
    store(toInts(firstRow) + k, rows);
}

/** Compute what all channels of a pair have in common. */
inline void prepare(const DensityArrays& arrays, PackedNeighbors& pairs) {
    for (int item = 0; item < pairs.size; item += Width) {
        const Floats r2 = load(pairs.r2 + item);
        // At distance 0 there is no direction: all components of the unit vector become zero.
        const Floats inverse = select(less(Floats{}, r2), inverseSqrt(r2), Floats{});
        const Floats r = r2 * inverse, clamped = max(r, splat(arrays.innerCutoff));
        store(inverse, pairs.inverse + item);
        store(r - clamped, pairs.below + item);
        Floats value = splat(1.0f), slope = {};
        if (arrays.switching.used)
            switchOff(arrays.switching, r, value, slope);
        store(value, pairs.value + item);
        store(slope, pairs.slope + item);
        findRows(arrays, clamped, pairs.entry1 + item, pairs.t1 + item, pairs.spacing1 + item, pairs.row1 + item);
        findRows(arrays, clamped, pairs.entry2 + item, pairs.t2 + item, pairs.spacing2 + item, pairs.row2 + item);
    }
}

/** The solid harmonics of the direction of a pair, for the orders that have channels. */
struct Harmonics {
    Harmonics(const DensityArrays& arrays, const PackedNeighbors& pairs, int item) {
        const float inverse = pairs.inverse[item];
        x = pairs.x[item] * inverse;
        y = pairs.y[item] * inverse;
        z = pairs.z[item] * inverse;
        for (int order = 1; order < NumOrders; order++)
            if (arrays.numFloats[order] > 0)
                SolidHarmonics::evaluate(order, x, y, z, values[order], gradients[order]);
    }
    float x, y, z; // the direction
    float values[NumOrders][SolidHarmonics::MaxComponents], gradients[NumOrders][SolidHarmonics::MaxComponents][3];
};

/** Evaluate a vector of channels. @param row  the coefficients of the first power; those of others follow after n */
inline Floats evaluateChannels(const float* row, int n, float t) {
    return load(row) + t * (load(row + n) + t * (load(row + 2 * n) + t * load(row + 3 * n)));
}

inline Floats evaluateSlopes(const float* row, int n, float t) {
    return load(row + n) + t * (2 * load(row + 2 * n) + 3 * t * load(row + 3 * n));
}

inline void addTo(float* sum, const Floats& x) {
    store(load(sum) + x, sum);
}

/** Add the densities of a pair to the sums of both atoms. */
inline void addPair(const DensityArrays& arrays, const PackedNeighbors& pairs, int item, bool isAngular, float* sums1,
        float* sums2) {
    const float t1 = pairs.t1[item], t2 = pairs.t2[item], below = pairs.below[item], value = pairs.value[item];
    const float *row1 = arrays.rows + (size_t) pairs.row1[item] * arrays.rowSize,
                *row2 = arrays.rows + (size_t) pairs.row2[item] * arrays.rowSize;
    const float below1 = below * pairs.spacing1[item], below2 = below * pairs.spacing2[item];
    auto evaluate = [&](int offset, int n, Floats& w1, Floats& w2) {
        w1 = evaluateChannels(row1 + offset, n, t1);
        w2 = evaluateChannels(row2 + offset, n, t2);
        if (below < 0) {
            w1 += below1 * evaluateSlopes(row1 + offset, n, t1);
            w2 += below2 * evaluateSlopes(row2 + offset, n, t2);
        }
        w1 *= value;
        w2 *= value;
    };
    Floats w1, w2;
    for (int k = 0; k < arrays.numFloats[0]; k += Width) {
        evaluate(k, arrays.numFloats[0], w1, w2);
        addTo(sums1 + k, w1);
        addTo(sums2 + k, w2);
    }
    if (!isAngular)
        return;
    const Harmonics harmonics(arrays, pairs, item);
    int offset = 4 * arrays.numFloats[0], place = arrays.numFloats[0];
    for (int order = 1; order < NumOrders; order++) {
        const int n = arrays.numFloats[order], numComponents = 2 * order + 1;
        const float sign = (order % 2 == 0 ? 1 : -1); // the second atom sees the opposite direction
        for (int k = 0; k < n; k += Width) {
            evaluate(offset + k, n, w1, w2);
            for (int m = 0; m < numComponents; m++) {
                addTo(sums1 + place + m * n + k, w1 * harmonics.values[order][m]);
                addTo(sums2 + place + m * n + k, w2 * (sign * harmonics.values[order][m]));
            }
        }
        offset += 4 * n;
        place += numComponents * n;
    }
}

/** An integer as a type. */
template<int N> struct Number {
    static constexpr int value = N;
};

/** Add what the components m, m+1 ... of an order contribute to the derivative of the energy: see findGradient(). */
template<int Order, int m>
inline void addComponents(const Harmonics& harmonics, const float* gradients1, const float* gradients2, int n,
        const Floats& w1, const Floats& w2, const Floats& dw1, const Floats& dw2, Floats& radial,
        Displacements& angular) {
    if constexpr (m <= 2 * Order) {
        const Floats of1 = load(gradients1 + m * n), of2 = load(gradients2 + m * n), both = w1 * of1 + w2 * of2;
        const float* slope = harmonics.gradients[Order][m];
        radial += harmonics.values[Order][m] * (dw1 * of1 + dw2 * of2);
        if constexpr (SolidHarmonics::dependsOn(Order, m, 0))
            angular.x += slope[0] * both;
        if constexpr (SolidHarmonics::dependsOn(Order, m, 1))
            angular.y += slope[1] * both;
        if constexpr (SolidHarmonics::dependsOn(Order, m, 2))
            angular.z += slope[2] * both;
        addComponents<Order, m + 1>(harmonics, gradients1, gradients2, n, w1, w2, dw1, dw2, radial, angular);
    }
}

/**
 * Compute the derivative of the energy with respect to the displacement from the first to the second atom of a pair,
 * from the derivatives of the energy with respect to the sums of both atoms.
 */
inline void findGradient(const DensityArrays& arrays, const PackedNeighbors& pairs, int item, bool isAngular,
        const float* gradients1, const float* gradients2, float* gradient) {
    const float t1 = pairs.t1[item], t2 = pairs.t2[item], below = pairs.below[item], value = pairs.value[item],
                slope = pairs.slope[item];
    const float *row1 = arrays.rows + (size_t) pairs.row1[item] * arrays.rowSize,
                *row2 = arrays.rows + (size_t) pairs.row2[item] * arrays.rowSize;
    const float spacing1 = pairs.spacing1[item], spacing2 = pairs.spacing2[item];
    auto evaluate = [&](const float* row, int n, float t, float spacing, Floats& w, Floats& dw) {
        dw = spacing * evaluateSlopes(row, n, t);
        w = evaluateChannels(row, n, t) + below * dw;
        dw = value * dw + slope * w;
        w *= value;
    };
    Floats radial = {}, w1, w2, dw1, dw2;
    for (int k = 0; k < arrays.numFloats[0]; k += Width) {
        evaluate(row1 + k, arrays.numFloats[0], t1, spacing1, w1, dw1);
        evaluate(row2 + k, arrays.numFloats[0], t2, spacing2, w2, dw2);
        radial += dw1 * load(gradients1 + k) + dw2 * load(gradients2 + k);
    }
    const float inverse = pairs.inverse[item];
    alignas(16) float radialSums[4] = {}, angularSums[4] = {};
    if (!isAngular) {
        addSums(radial, Floats{}, Floats{}, radialSums);
        for (int i = 0; i < 3; i++)
            gradient[i] = radialSums[0] * inverse * (i == 0 ? pairs.x[item] : i == 1 ? pairs.y[item] : pairs.z[item]);
        return;
    }
    const Harmonics harmonics(arrays, pairs, item);
    Displacements angular = {};
    int offset = 4 * arrays.numFloats[0], place = arrays.numFloats[0];
    auto addOrder = [&](auto order) {
        constexpr int l = decltype(order)::value, numComponents = 2 * l + 1;
        const int n = arrays.numFloats[l];
        const float sign = (l % 2 == 0 ? 1 : -1);
        for (int k = 0; k < n; k += Width) {
            evaluate(row1 + offset + k, n, t1, spacing1, w1, dw1);
            evaluate(row2 + offset + k, n, t2, spacing2, w2, dw2);
            w2 *= sign;
            dw2 *= sign;
            addComponents<l, 0>(
                    harmonics, gradients1 + place + k, gradients2 + place + k, n, w1, w2, dw1, dw2, radial, angular);
        }
        offset += 4 * n;
        place += numComponents * n;
    };
    addOrder(Number<1>());
    addOrder(Number<2>());
    addOrder(Number<3>());
    addSums(radial, Floats{}, Floats{}, radialSums);
    addSums(angular.x, angular.y, angular.z, angularSums);
    // The angular part has no component along the direction.
    const float along = harmonics.x * angularSums[0] + harmonics.y * angularSums[1] + harmonics.z * angularSums[2];
    const float factor = radialSums[0] - along * inverse;
    gradient[0] = factor * harmonics.x + angularSums[0] * inverse;
    gradient[1] = factor * harmonics.y + angularSums[1] * inverse;
    gradient[2] = factor * harmonics.z + angularSums[2] * inverse;
}

inline bool hasAngular(const DensityArrays& arrays) {
    return arrays.numFloats[1] + arrays.numFloats[2] + arrays.numFloats[3] > 0;
}

/** Call a function with the packed pairs of a block, chunk by chunk. */
template<bool OneImage, class Function>
inline void forPackedPairs(const PairGeometry& geometry, const PairBlock& block, const BlockPositions& particles,
        int numNear, const DensityArrays& arrays, Function function) {
    PackedNeighbors pairs;
    for (int first = 0; first < numNear; first += NeighborChunk) {
        const int last = (first + NeighborChunk < numNear ? first + NeighborChunk : numNear);
        pack<OneImage>(geometry, block, particles, first, last, arrays.numClasses, pairs);
        prepare(arrays, pairs);
        function(pairs);
    }
}

template<class Function>
inline void forPairs(
        const PairGeometry& geometry, const PairBlock& block, const DensityArrays& arrays, Function function) {
    BlockPositions particles(geometry, block);
    const int numNear = findNearNeighbors(geometry, block, particles);
    if (particles.oneImage)
        forPackedPairs<true>(geometry, block, particles, numNear, arrays, function);
    else
        forPackedPairs<false>(geometry, block, particles, numNear, arrays, function);
}

void addDensities(const PairGeometry& geometry, const PairBlock& block, const DensityArrays& arrays, float* sums) {
    const bool isAngular = hasAngular(arrays);
    float* ofBlock = sums + (size_t) block.first * arrays.stride;
    forPairs(geometry, block, arrays, [&](const PackedNeighbors& pairs) {
        for (int item = 0; item < pairs.size; item++)
            addPair(arrays, pairs, item, isAngular, ofBlock + pairs.lane[item] * arrays.stride,
                    sums + (size_t) pairs.neighbor[item] * arrays.stride);
    });
}

void addDensityForces(const PairGeometry& geometry, const PairBlock& block, const DensityArrays& arrays,
        const float* gradients, const ForceTarget& target) {
    const bool isAngular = hasAngular(arrays);
    const float* ofBlock = gradients + (size_t) block.first * arrays.stride;
    float blockForces[Width][3] = {};
    forPairs(geometry, block, arrays, [&](const PackedNeighbors& pairs) {
        for (int item = 0; item < pairs.size; item++) {
            float gradient[3];
            findGradient(arrays, pairs, item, isAngular, ofBlock + pairs.lane[item] * arrays.stride,
                    gradients + (size_t) pairs.neighbor[item] * arrays.stride, gradient);
            float *force1 = blockForces[pairs.lane[item]],
                  *force2 = &target.forces[4 * target.targets[pairs.neighbor[item]]];
            for (int i = 0; i < 3; i++) {
                const float force = target.scale * gradient[i];
                force1[i] += force;
                force2[i] -= force;
            }
        }
    });
    for (int k = 0; k < block.count; k++)
        for (int i = 0; i < 3; i++)
            target.forces[4 * target.targets[block.first + k] + i] += blockForces[k][i];
}

} // namespace
