// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ProgramSignature.h"

using namespace LearnedPairPlugin;

int ProgramSignature::findInput(const std::string& name) const {
    for (size_t slot = 0; slot < inputs.size(); slot++)
        if (inputs[slot].name == name)
            return slot;
    return -1;
}

const ProgramSignature& ProgramSignature::forPairs() {
    static const ProgramSignature signature({// in the order of PairInput
        {"distance", InputLevel::Radial, 0}, {"particle1", InputLevel::Particle, 1},
        {"particle2", InputLevel::Particle, 2}, {"pair", InputLevel::Pair, 0}, {"globals", InputLevel::Global, 0}});
    return signature;
}

const ProgramSignature& ProgramSignature::forAtoms() {
    static const ProgramSignature signature({// in the order of AtomInput
        {"densities", InputLevel::Atom, 0}, {"type", InputLevel::Atom, 0}, {"globals", InputLevel::Global, 0}});
    return signature;
}
