// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/describeProgram.h"
#include "internal/passes.h"
#include "internal/ProgramCost.h"
#include "internal/Stage.h"
#include "internal/StagedProgram.h"
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

static void writeCost(std::ostream& stream, const char* when, const TensorProgram* part) {
    if (part == nullptr)
        return;
    ProgramCost cost(*part);
    stream << "per " << when << ": " << cost.multiplyAdds << " multiply-adds, " << cost.others << " other operations, "
           << cost.getTotal() << " together\n";
}

string LearnedPairPlugin::describeProgram(const PairProgram& function) {
    TensorProgram program = optimize(function.getProgram(), function.getParticleInput());
    vector<Stage> stages = findStages(program, function.getParticleInput());
    std::istringstream lines(program.getText());
    std::ostringstream text;
    string line;
    for (size_t i = 0; i < stages.size() && std::getline(lines, line); i++) {
        line.resize(std::max(line.size(), (size_t) 44), ' ');
        text << line << "  # " << getName(stages[i]) << '\n';
    }
    std::getline(lines, line);
    text << line << '\n';
    StagedProgram staged(function);
    writeCost(text, "pair, energy and force", &staged.getPairPart());
    writeCost(text, "particle, when it changes", staged.find(PartLevel::Particle));
    writeCost(text, "pair of types, when it changes", staged.find(PartLevel::TypePair));
    return text.str();
}
