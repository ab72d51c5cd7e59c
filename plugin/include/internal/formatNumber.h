// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <string>

namespace LearnedPairPlugin {

/** Format a number so that it can be read back exactly, independent of the locale. At most 17 digits are written. */
LEARNEDPAIR_EXPORT std::string formatNumber(double value);

/**
 * Parse a text that consists of one number. Infinities are "inf" and "-inf". NaN and numbers out of range, such as
 * 1e999, are not accepted.
 *
 * @param text        the text
 * @param[out] value  the number
 * @return whether the text is a number
 */
bool parseNumber(const std::string& text, double& value);

} // namespace LearnedPairPlugin
