// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Reads a System of OpenMM as arrays. OpenMM's Python classes return one particle or pair per call, with units, which
// takes several microseconds each: seconds for a System of a million particles.

#include "systems.h"
#include "openmm/CustomBondForce.h"
#include "openmm/CustomNonbondedForce.h"
#include "openmm/HarmonicBondForce.h"
#include "openmm/NonbondedForce.h"
#include "openmm/System.h"
#include "openmm/VirtualSite.h"
#include <numeric>
#include <pybind11/numpy.h>
#include <string>
#include <tuple>
#include <vector>

namespace py = pybind11;
using namespace OpenMM;
using std::vector;

typedef py::array_t<int, py::array::c_style | py::array::forcecast> Integers;

static const System& systemAt(uintptr_t address) {
    return *reinterpret_cast<const System*>(address);
}

template<class ForceClass> static const ForceClass& forceAt(uintptr_t address) {
    auto force = dynamic_cast<const ForceClass*>(reinterpret_cast<const Force*>(address));
    if (force == nullptr)
        throw py::type_error("The force is of another class.");
    return *force;
}

/** Make an array of shape (count, 2) of the pairs of particles that get(index, particle1, particle2) sets. */
template<class GetPair> static Integers collectPairs(int count, GetPair get) {
    Integers result({(py::ssize_t) count, (py::ssize_t) 2});
    int* particles = result.mutable_data();
    for (int i = 0; i < count; i++)
        get(i, particles[2 * i], particles[2 * i + 1]);
    return result;
}

static py::array_t<double> getMasses(uintptr_t address) {
    const System& system = systemAt(address);
    py::array_t<double> result(system.getNumParticles());
    for (int i = 0; i < system.getNumParticles(); i++)
        result.mutable_data()[i] = system.getParticleMass(i);
    return result;
}

static Integers getConstraints(uintptr_t address) {
    const System& system = systemAt(address);
    double distance;
    return collectPairs(system.getNumConstraints(), [&](int i, int& particle1, int& particle2) {
        system.getConstraintParameters(i, particle1, particle2, distance);
    });
}

static Integers getVirtualSites(uintptr_t address) {
    const System& system = systemAt(address);
    vector<std::pair<int, int>> pairs;
    for (int i = 0; i < system.getNumParticles(); i++)
        if (system.isVirtualSite(i)) {
            const VirtualSite& site = system.getVirtualSite(i);
            for (int k = 0; k < site.getNumParticles(); k++)
                pairs.push_back({i, site.getParticle(k)});
        }
    return collectPairs(
            pairs.size(), [&](int i, int& particle1, int& particle2) { std::tie(particle1, particle2) = pairs[i]; });
}

static py::tuple getExceptions(uintptr_t address) {
    auto& force = forceAt<NonbondedForce>(address);
    py::array_t<bool> interacts(force.getNumExceptions());
    double chargeProduct, sigma, epsilon;
    auto pairs = collectPairs(force.getNumExceptions(), [&](int i, int& particle1, int& particle2) {
        force.getExceptionParameters(i, particle1, particle2, chargeProduct, sigma, epsilon);
        interacts.mutable_data()[i] = (chargeProduct != 0 || epsilon != 0);
    });
    for (int i = 0; i < force.getNumExceptionParameterOffsets(); i++) {
        std::string parameter;
        int exception;
        force.getExceptionParameterOffset(i, parameter, exception, chargeProduct, sigma, epsilon);
        if (exception < 0 || exception >= force.getNumExceptions())
            throw py::value_error("add_correction: exception parameter offset " + std::to_string(i) +
                    " of the NonbondedForce names exception " + std::to_string(exception) + ", but there are " +
                    std::to_string(force.getNumExceptions()) + "; correct its index.");
        interacts.mutable_data()[exception] = true;
    }
    return py::make_tuple(pairs, interacts);
}

static Integers getExclusions(uintptr_t address) {
    auto& force = forceAt<CustomNonbondedForce>(address);
    return collectPairs(force.getNumExclusions(),
            [&](int i, int& particle1, int& particle2) { force.getExclusionParticles(i, particle1, particle2); });
}

static Integers getHarmonicBonds(uintptr_t address) {
    auto& force = forceAt<HarmonicBondForce>(address);
    double length, constant;
    return collectPairs(force.getNumBonds(), [&](int i, int& particle1, int& particle2) {
        force.getBondParameters(i, particle1, particle2, length, constant);
    });
}

static Integers getCustomBonds(uintptr_t address) {
    auto& force = forceAt<CustomBondForce>(address);
    vector<double> parameters;
    return collectPairs(force.getNumBonds(), [&](int i, int& particle1, int& particle2) {
        force.getBondParameters(i, particle1, particle2, parameters);
    });
}

/** Find the lowest index among the particles that each particle is connected to: union-find with path halving. */
static Integers findComponents(int numParticles, const Integers& pairs) {
    vector<int> parent(numParticles);
    std::iota(parent.begin(), parent.end(), 0);
    auto root = [&](int i) {
        while (parent[i] != i)
            i = parent[i] = parent[parent[i]];
        return i;
    };
    if (pairs.ndim() != 2 || pairs.shape(1) != 2)
        throw py::value_error("The pairs must have the shape (n, 2).");
    auto pair = pairs.unchecked<2>();
    for (py::ssize_t i = 0; i < pair.shape(0); i++) {
        if (std::min(pair(i, 0), pair(i, 1)) < 0 || std::max(pair(i, 0), pair(i, 1)) >= numParticles)
            throw py::index_error("A pair holds a particle that does not exist.");
        int root1 = root(pair(i, 0)), root2 = root(pair(i, 1));
        parent[std::max(root1, root2)] = std::min(root1, root2);
    }
    Integers result(numParticles);
    for (int i = 0; i < numParticles; i++)
        result.mutable_data()[i] = root(i);
    return result;
}

void LearnedPairPlugin::bindSystems(py::module_& module) {
    module.def("particle_masses", &getMasses, py::arg("system"),
            "Get the masses of all particles, an ndarray of shape (n_particles,) in amu, of the System at an address.");
    module.def("constraints", &getConstraints, py::arg("system"),
            "Get the pairs of the constraints of the System at an address, an ndarray of shape (n, 2).");
    module.def("virtual_sites", &getVirtualSites, py::arg("system"),
            "Get each virtual site of the System at an address with each particle that it depends on, an ndarray of"
            " shape (n, 2).");
    module.def("exceptions", &getExceptions, py::arg("force"),
            "Get the exceptions of the NonbondedForce at an address: their pairs, an ndarray of shape (n, 2), and"
            " whether each of them may interact, shape (n,).");
    module.def("exclusions", &getExclusions, py::arg("force"),
            "Get the exclusions of the CustomNonbondedForce at an address, an ndarray of shape (n, 2).");
    module.def("harmonic_bonds", &getHarmonicBonds, py::arg("force"),
            "Get the pairs of the HarmonicBondForce at an address, an ndarray of shape (n, 2).");
    module.def("custom_bonds", &getCustomBonds, py::arg("force"),
            "Get the pairs of the CustomBondForce at an address, an ndarray of shape (n, 2).");
    module.def("connected_components", &findComponents, py::arg("n_particles"), py::arg("pairs"),
            "Get for each particle the lowest index among the particles that pairs connect it to, an ndarray of shape"
            " (n_particles,).");
}
