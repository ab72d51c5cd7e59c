// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "IndexMap.h"

using namespace LearnedPairPlugin;
using std::vector;

Index Index::plus(int other) const {
    if (isNumber)
        return Index(value + other);
    return other == 0 ? *this : Index(std::to_string(other) + "+" + text);
}

Index Index::plus(const Index& other) const {
    if (other.isNumber)
        return plus(other.value);
    return isNumber ? other.plus(value) : Index(text + "+" + other.text);
}

Index Index::times(int factor) const {
    if (isNumber)
        return Index(value * factor);
    return factor == 1 ? *this : Index("(" + text + ")*" + std::to_string(factor));
}

Index Index::dividedBy(int divisor) const {
    if (isNumber)
        return Index(value / divisor);
    return divisor == 1 ? *this : Index("(" + text + ")/" + std::to_string(divisor));
}

Index Index::modulo(int divisor) const {
    if (isNumber)
        return Index(value % divisor);
    return divisor == 1 ? Index(0) : Index("(" + text + ")%" + std::to_string(divisor));
}

IndexMap IndexMap::find(const vector<int>& indices) {
    IndexMap map;
    int n = map.size = indices.size();
    map.first = indices[0];
    while (map.run < n && indices[map.run] == map.first)
        map.run++;
    if (map.run < n) {
        map.stride = indices[map.run] - map.first;
        while (map.count * map.run < n && indices[map.count * map.run] == map.first + map.count * map.stride)
            map.count++;
    }
    map.exists = true;
    for (int i = 0; i < n; i++)
        map.exists &= (indices[i] == map.first + i / map.run % map.count * map.stride);
    return map;
}

Index IndexMap::apply(const Index& i) const {
    if (count == 1)
        return Index(first);
    Index position = i.dividedBy(run);
    if (count * run < size)
        position = position.modulo(count);
    return position.times(stride).plus(first);
}
