// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// argon                       the energy of solid argon, a Lennard-Jones potential with a correction that is a table
// argon SYSTEM.xml STATE.xml  the energy of a System that contains a correction, at the positions of a State
//
// The program prints the energy on the platforms Reference and CPU, in kJ/mol.

#include "LearnedPairForce.h"
#include "OpenMM.h"
#include "openmm/serialization/XmlSerializer.h"
#include "PairTable.h"
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using LearnedPairPlugin::LearnedPairForce;
using LearnedPairPlugin::PairCurve;
using LearnedPairPlugin::PairTable;
using OpenMM::Vec3;
using std::string;
using std::vector;

static const double Cutoff = 0.85;      // nm
static const double InnerCutoff = 0.25; // nm
static const int CellsPerSide = 4;
static const double CellSize = 0.54; // nm

struct Simulated {
    std::unique_ptr<OpenMM::System> system;
    vector<Vec3> positions; // nm
    Vec3 box[3];            // nm
};

/** A correction of one type of atoms: E(r) = 0.3 kJ/mol (1-(r/r_c)^2)^3, in a table with 500 intervals. */
static std::shared_ptr<PairTable> makeTable() {
    const int numIntervals = 500;
    PairCurve curve;
    for (int k = 0; k <= numIntervals; k++) {
        const double r = InnerCutoff + (Cutoff - InnerCutoff) * k / numIntervals;
        const double u = 1 - r * r / (Cutoff * Cutoff);
        curve.energies.push_back(0.3 * u * u * u);
        curve.slopes.push_back(-0.3 * 6 * u * u * r / (Cutoff * Cutoff));
    }
    return std::make_shared<PairTable>(1, InnerCutoff, Cutoff, vector<PairCurve>{curve}, vector<int>{0});
}

/** Argon in a cubic lattice, with each atom displaced a little, so that no force is zero by symmetry. */
static Simulated makeArgon() {
    Simulated result;
    result.system = std::make_unique<OpenMM::System>();
    const double side = CellsPerSide * CellSize;
    result.box[0] = Vec3(side, 0, 0);
    result.box[1] = Vec3(0, side, 0);
    result.box[2] = Vec3(0, 0, side);
    result.system->setDefaultPeriodicBoxVectors(result.box[0], result.box[1], result.box[2]);
    auto* nonbonded = new OpenMM::NonbondedForce();
    nonbonded->setNonbondedMethod(OpenMM::NonbondedForce::CutoffPeriodic);
    nonbonded->setCutoffDistance(Cutoff);
    nonbonded->setUseDispersionCorrection(false);
    auto* correction = new LearnedPairForce(makeTable()); // its cutoffs are the ends of the table
    const Vec3 places[4] = {Vec3(0, 0, 0), Vec3(0, 0.5, 0.5), Vec3(0.5, 0, 0.5), Vec3(0.5, 0.5, 0)};
    for (int x = 0; x < CellsPerSide; x++)
        for (int y = 0; y < CellsPerSide; y++)
            for (int z = 0; z < CellsPerSide; z++)
                for (const Vec3& place : places) {
                    const int i = result.system->addParticle(39.948);
                    nonbonded->addParticle(0, 0.3405, 0.996);
                    correction->addParticle(0);
                    const Vec3 displacement(std::sin(1.0 * i), std::sin(2.0 * i), std::sin(3.0 * i));
                    result.positions.push_back((Vec3(x, y, z) + place) * CellSize + displacement * 0.01);
                }
    result.system->addForce(nonbonded); // the System owns its forces
    result.system->addForce(correction);
    return result;
}

template<class T> static std::unique_ptr<T> read(const string& path) {
    std::ifstream file(path);
    if (!file)
        throw std::runtime_error("The file " + path + " cannot be read.");
    return std::unique_ptr<T>(OpenMM::XmlSerializer::deserialize<T>(file));
}

static Simulated readSystem(const string& systemPath, const string& statePath) {
    Simulated result;
    result.system = read<OpenMM::System>(systemPath);
    const auto state = read<OpenMM::State>(statePath);
    result.positions = state->getPositions();
    state->getPeriodicBoxVectors(result.box[0], result.box[1], result.box[2]);
    return result;
}

static double computeEnergy(const Simulated& simulated, const string& platform) {
    OpenMM::VerletIntegrator integrator(0.001);
    OpenMM::Context context(*simulated.system, integrator, OpenMM::Platform::getPlatform(platform));
    context.setPeriodicBoxVectors(simulated.box[0], simulated.box[1], simulated.box[2]);
    context.setPositions(simulated.positions);
    return context.getState(OpenMM::State::Energy).getPotentialEnergy();
}

int main(int argc, char** argv) {
    if (argc != 1 && argc != 3) {
        std::fprintf(stderr, "usage: %s [SYSTEM.xml STATE.xml]\n", argv[0]);
        return 2;
    }
    try {
        // The platforms of OpenMM, and the kernels of this plugin for each of them.
        OpenMM::Platform::loadPluginsFromDirectory(PLUGIN_DIRECTORY);
        const Simulated simulated = (argc == 1 ? makeArgon() : readSystem(argv[1], argv[2]));
        for (const string platform : {"Reference", "CPU"})
            std::printf("%s: %.12f kJ/mol\n", platform.c_str(), computeEnergy(simulated, platform));
    }
    catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}
