// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <string>

namespace LearnedPairPlugin {

/** Write a number with as few digits as are needed to read it back exactly, whatever the locale. */
LEARNEDPAIR_EXPORT std::string formatNumber(double value);

/** Read a whole text as a number; false if it is none. NaN is not read; infinities are "inf" and "-inf". */
bool parseNumber(const std::string& text, double& value);

} // namespace LearnedPairPlugin
