// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** An index in printed source: a number or an expression. */
struct Index {
    explicit Index(int value) : isNumber(true), value(value), text(std::to_string(value)) {}
    explicit Index(const std::string& text) : isNumber(false), value(0), text(text) {}
    Index plus(int other) const;
    Index plus(const Index& other) const;
    Index times(int factor) const;
    Index dividedBy(int divisor) const;
    Index modulo(int divisor) const;
    bool isNumber;
    int value;
    std::string text;
};

/**
 * A closed form of the indices of a gather: element i reads element first + ((i/run) % count)*stride. It covers slices,
 * strided slices and the broadcast axes of an array.
 */
struct IndexMap {
    /** Find the closed form of some indices; `exists` is false if they have none. */
    static IndexMap find(const std::vector<int>& indices);
    /** Get the index that element i of the gather reads. */
    Index apply(const Index& i) const;
    bool exists = false;
    int first = 0, run = 1, count = 1, stride = 0, size = 0;
};

} // namespace LearnedPairPlugin
