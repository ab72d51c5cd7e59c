// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "lepton/ParsedExpression.h"
#include "openmm/CustomNonbondedForce.h"
#include "openmm/TabulatedFunction.h"
#include <map>
#include <string>

namespace LearnedPairPlugin {

/** Tabulated functions by their names. */
typedef std::map<std::string, const OpenMM::TabulatedFunction*> TabulatedFunctions;

/** Get the tabulated functions of a force. */
TabulatedFunctions findTabulatedFunctions(const OpenMM::CustomNonbondedForce& force);

/**
 * Read an expression with OpenMM's own parser, Lepton. The result must not be evaluated: tabulated functions are
 * represented by placeholders.
 *
 * @param text       the expression, with definitions of intermediate values if it has any
 * @param functions  the tabulated functions that it may call
 * @throws OpenMMException if the text is not a valid expression
 */
Lepton::ParsedExpression parseExpression(const std::string& text, const TabulatedFunctions& functions);

} // namespace LearnedPairPlugin
