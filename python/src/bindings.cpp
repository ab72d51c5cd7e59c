// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
//
// Bindings of the C++ library for Python. OpenMM's Python classes are SWIG proxies, which pybind11 cannot convert.
// Therefore a force is passed as the address that its proxy holds, and learnedpair/force/learned_pair_force.py wraps
// the functions below in a class that derives from openmm.Force.

#include "arrays.h"
#include "CompiledProgram.h"
#include "convertCustomNonbonded.h"
#include "curves.h"
#include "environments.h"
#include "internal/EvaluationPlan.h"
#include "internal/GlobalValues.h"
#include "internal/registerFactory.h"
#include "internal/TailCorrection.h"
#include "internal/validation.h"
#include "internal/visitFunction.h"
#include "LearnedPairForce.h"
#include "openmm/OpenMMException.h"
#include "openmm/serialization/XmlSerializer.h"
#include "PairProgram.h"
#include "PairTable.h"
#include "programs.h"
#include "SharedKernelPlan.h"
#include "systems.h"
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <sstream>

namespace py = pybind11;
using namespace LearnedPairPlugin;
using std::pair;
using std::set;
using std::string;
using std::vector;

static LearnedPairForce* forceAt(uintptr_t address) {
    return dynamic_cast<LearnedPairForce*>(reinterpret_cast<OpenMM::Force*>(address));
}

typedef py::array_t<int, py::array::c_style | py::array::forcecast> Integers;

/** Convert an array of shape (n, 2) to pairs. */
static vector<pair<int, int>> toPairs(const Integers& array) {
    vector<pair<int, int>> pairs;
    for (py::ssize_t i = 0; i < array.size() / 2; i++)
        pairs.emplace_back(array.data()[2 * i], array.data()[2 * i + 1]);
    return pairs;
}

/** Get the function of a force as a Python object of its dynamic type. */
static py::object getFunction(const LearnedPairForce& force) {
    auto function = std::const_pointer_cast<LearnedFunction>(force.getSharedFunction());
    return visitFunction<py::object>(
            *function, [&](const PairTable&) { return py::cast(std::static_pointer_cast<PairTable>(function)); },
            [&](const PairProgram&) { return py::cast(std::static_pointer_cast<PairProgram>(function)); },
            [&](const EnvironmentFunction&) {
                return py::cast(std::static_pointer_cast<EnvironmentFunction>(function));
            });
}

/** Call a setter of features, and convert its OpenMMException to a Python ValueError. */
template<class Setter> static auto withValueError(Setter setter) {
    try {
        return setter();
    }
    catch (const OpenMM::OpenMMException& e) {
        throw py::value_error(e.what());
    }
}

static py::dict toDict(const KernelInfo& info) {
    py::dict result;
    result["platform"] = info.platform;
    result["placement"] = info.placement;
    result["neighbor_list"] = info.neighborList;
    result["instruction_set"] = info.instructionSet;
    result["tensor_cores"] = info.tensorCores;
    result["evaluation"] = info.evaluation;
    result["exact_because"] = info.exactBecause;
    result["num_curves"] = info.numCurves;
    result["num_curves_made"] = info.numCurvesMade;
    result["table_bytes"] = info.tableBytes;
    result["max_relative_force_error"] = info.maxRelativeForceError;
    result["num_devices"] = info.numDevices;
    return result;
}

/**
 * Make the tables of a program for the default values of its global parameters, as a Context in single precision makes
 * them, and describe them.
 */
static py::dict describeEvaluation(const LearnedPairForce& force, uintptr_t systemAddress) {
    auto& system = *reinterpret_cast<const OpenMM::System*>(systemAddress);
    const GlobalValues globals(force, findEnergyParameterDerivatives(system, force));
    KernelInfo info;
    string exactOnGpusBecause;
    {
        py::gil_scoped_release release;
        if (force.getUseLongRangeCorrection())
            TailCorrection(force, force.getNumParticles(), {})
                    .update(globals.getValues()); // throws if it is not possible
        if (dynamic_cast<const PairProgram*>(&force.getFunction()) == nullptr)
            info.evaluation = "table";
        else {
            EvaluationPlan plan(force, globals.getDerivatives(), false);
            plan.update(globals.getValues());
            plan.describe(info);
            if (info.evaluation == "table")
                exactOnGpusBecause = plan.whyProgramIsFaster(EvaluationPlan::CheapOnGpu);
        }
    }
    py::dict result = toDict(info);
    result["exact_on_gpus_because"] = exactOnGpusBecause;
    return result;
}

/** Describe the kernel in which GPU platforms evaluate a force of a System in single precision. */
static py::dict describeKernel(uintptr_t systemAddress, int index) {
    auto& system = *reinterpret_cast<const OpenMM::System*>(systemAddress);
    auto force = dynamic_cast<const LearnedPairForce*>(&system.getForce(index));
    if (force == nullptr)
        throw py::type_error("The force is not a LearnedPairForce.");
    SharedKernelPlan plan(system, *force);
    auto program = dynamic_cast<const PairProgram*>(&force->getFunction());
    py::dict result;
    result["joins"] = plan.joins;
    result["reason"] = plan.reason;
    result["is_small"] = (program == nullptr || CompiledProgram(*program, {}, {false, false}).isSmall());
    return result;
}

/** Get the XML of a minimal force, from which OpenMM's Python layer creates a proxy object. */
static string prototypeXml() {
    PairCurve zero = {{0, 0}, {0, 0}};
    LearnedPairForce force(std::make_shared<PairTable>(1, 0.0, 1.0, vector<PairCurve>{zero}, vector<int>{0}));
    std::stringstream stream;
    OpenMM::XmlSerializer::serialize<OpenMM::Force>(&force, "Force", stream);
    return stream.str();
}

static std::shared_ptr<PairTable> createTable(int numTypes, const py::object& minDistance,
        const py::object& maxDistance, const py::object& givenEnergies, const py::object& givenSlopes,
        const vector<int>& curveIndices) {
    vector<Doubles> energies = curveNumbers(givenEnergies, "energies"), slopes = curveNumbers(givenSlopes, "slopes");
    if (energies.size() != slopes.size())
        throw OpenMM::OpenMMException("PairTable: energies and slopes are given for different numbers of curves.");
    vector<PairCurve> curves;
    for (size_t i = 0; i < energies.size(); i++) {
        if (energies[i].ndim() != 1 || slopes[i].ndim() != 1)
            throw OpenMM::OpenMMException("PairTable: the energies and slopes of curve " + std::to_string(i) +
                    " must be one-dimensional arrays.");
        curves.push_back({toVector<double>(energies[i]), toVector<double>(slopes[i])});
    }
    return std::make_shared<PairTable>(numTypes, py::cast<double>(inNanometers(minDistance)),
            py::cast<double>(inNanometers(maxDistance)), curves, curveIndices);
}

static py::tuple evaluate(const PairTable& table, int type1, int type2, const py::object& distances) {
    auto r = py::cast<Doubles>(inNanometers(distances));
    for (int type : {type1, type2})
        if (type < 0 || type >= table.getNumTypes())
            throw py::value_error("PairTable: type " + std::to_string(type) + " is out of range; there are " +
                    std::to_string(table.getNumTypes()) + " types.");
    if (!table.isDefined(type1, type2))
        throw py::value_error("PairTable: no function is defined for types " + std::to_string(type1) + " and " +
                std::to_string(type2) + ".");
    for (py::ssize_t i = 0; i < r.size(); i++)
        if (!(r.data()[i] >= table.getMinDistance() && r.data()[i] <= table.getMaxDistance()))
            throw py::value_error("PairTable: the distance " + std::to_string(r.data()[i]) +
                    " nm is outside the table, which goes from " + std::to_string(table.getMinDistance()) + " to " +
                    std::to_string(table.getMaxDistance()) + " nm.");
    py::array_t<double> energy(r.size()), dEdR(r.size());
    for (py::ssize_t i = 0; i < r.size(); i++)
        table.evaluate(type1, type2, r.data()[i], energy.mutable_data()[i], dEdR.mutable_data()[i]);
    return py::make_tuple(energy, dEdR);
}

PYBIND11_MODULE(_core, m) {
    m.attr("openmm_version") = LEARNEDPAIR_OPENMM_VERSION;
    m.attr("MAX_CURVES") = EvaluationPlan::MaxCurves;
    m.attr("GROUP_FEATURE") = GroupFeature;
    m.attr("version") = LEARNEDPAIR_VERSION;
    m.attr("version_of_libraries") = getLibraryVersion();
    m.def("get_registration_problems", &getRegistrationProblems);
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p)
                std::rethrow_exception(p);
        }
        catch (const OpenMM::OpenMMException& e) {
            py::set_error(py::module_::import("openmm").attr("OpenMMException"), e.what());
        }
    });

    py::class_<LearnedFunction, std::shared_ptr<LearnedFunction>>(
            m, "LearnedFunction", "The base class of PairTable, PairProgram and EnvironmentFunction.")
            .def_property_readonly("num_types", &LearnedFunction::getNumTypes,
                    "The number of particle types; 0 if particles have features.")
            .def_property_readonly("num_features", &LearnedFunction::getNumFeatures,
                    "The number of features of a particle; 0 if particles have types.")
            .def_property_readonly("min_distance", &LearnedFunction::getMinDistance,
                    "The shortest distance for which the function is defined, in nm.")
            .def_property_readonly("max_distance", &LearnedFunction::getMaxDistance,
                    "The longest distance for which the function is defined, in nm; may be infinite.");
    py::class_<PairTable, LearnedFunction, std::shared_ptr<PairTable>>(
            m, "PairTable", R"(A tabulated pair function: one piecewise cubic in r for each unordered pair of types.

Parameters
----------
num_types : int
    The number of particle types.
min_distance, max_distance : float, nm, or Quantity
    The distances of the first and the last knot of every curve.
energies : list of ndarray, shape (n_knots,), kJ/mol, or Quantity
    For each curve, the energies at equally spaced knots. The function ends at the last knot; whether the energy is zero
    there is not checked.
slopes : list of ndarray, shape (n_knots,), kJ/mol/nm, or Quantity
    For each curve, dE/dr at the same knots.
curve_indices : list of int, length num_types*num_types
    The index of the curve for each ordered pair of types, a symmetric matrix in row-major order; -1 for pairs without a
    curve.

Raises
------
openmm.OpenMMException
    If a size or an index is wrong, ``curve_indices`` is not symmetric, a number is not finite, or the slopes of a curve
    do not match its energies.

References
----------
Piecewise cubic Hermite interpolation: de Boor, A Practical Guide to Splines, ch. IV.

Examples
--------
Two curves for argon and krypton, -c (1 - r^2)^3 with c = 0.3 kJ/mol for Ar-Ar and 0.4 kJ/mol for Ar-Kr; none for Kr-Kr:

>>> import numpy as np
>>> import learnedpair as lp
>>> r = np.linspace(0.25, 1.0, 301)
>>> shape, slope = -((1 - r**2) ** 3), 6 * r * (1 - r**2) ** 2
>>> table = lp.PairTable(
...     num_types=2,
...     min_distance=0.25,
...     max_distance=1.0,
...     energies=[0.3 * shape, 0.4 * shape],
...     slopes=[0.3 * slope, 0.4 * slope],
...     curve_indices=[0, 1, 1, -1],
... )
>>> force = lp.LearnedPairForce(table)
>>> force.setParticleTypes([0, 0, 1])
>>> force.getCutoffDistance()
1.0 nm)")
            .def(py::init(&createTable), py::arg("num_types"), py::arg("min_distance"), py::arg("max_distance"),
                    py::arg("energies"), py::arg("slopes"), py::arg("curve_indices"))
            .def_property_readonly("curve_indices", &PairTable::getCurveIndices,
                    "The index of the curve for each ordered pair of types, in row-major order; -1 for none.")
            .def_property_readonly(
                    "energies",
                    [](const PairTable& table) {
                        py::list result;
                        for (auto& curve : table.getCurves())
                            result.append(toArray(curve.energies));
                        return result;
                    },
                    "For each curve, the energies at its knots, in kJ/mol.")
            .def_property_readonly(
                    "slopes",
                    [](const PairTable& table) {
                        py::list result;
                        for (auto& curve : table.getCurves())
                            result.append(toArray(curve.slopes));
                        return result;
                    },
                    "For each curve, dE/dr at its knots, in kJ/mol/nm.")
            .def("evaluate", &evaluate, py::arg("type1"), py::arg("type2"), py::arg("r"),
                    R"(Evaluate the curve of a pair of types.

Parameters
----------
type1, type2 : int
    The types of the two particles.
r : ndarray, shape (n,), nm, or Quantity
    Distances from min_distance to max_distance.

Returns
-------
energy : ndarray, shape (n,), kJ/mol
dEdR : ndarray, shape (n,), kJ/mol/nm

Raises
------
ValueError
    If a type is out of range, the pair of types has no curve, or a distance is outside of the table.

Examples
--------
>>> import numpy as np
>>> import learnedpair as lp
>>> r = np.linspace(0.25, 1.0, 301)
>>> table = lp.PairTable(1, 0.25, 1.0, [-0.3 * (1 - r**2) ** 3], [1.8 * r * (1 - r**2) ** 2], [0])
>>> energy, dEdR = table.evaluate(0, 0, [0.4, 0.5])
>>> energy.round(3).tolist(), dEdR.round(3).tolist()
([-0.178, -0.127], [0.508, 0.506]))");

    bindCurves(m);
    bindPrograms(m);
    bindEnvironments(m);
    bindSystems(m);
    m.def("prototype_xml", &prototypeXml, "Get the XML of a minimal LearnedPairForce.");
    m.def(
            "is_learned_pair_force", [](uintptr_t address) { return forceAt(address) != nullptr; },
            "Get whether the openmm.Force at an address is a LearnedPairForce.");
    m.def("force_at", &forceAt, py::return_value_policy::reference,
            "Get the LearnedPairForce at an address; None if the openmm.Force there is another force.");
    m.def(
            "handle_of", [](uintptr_t address) { return forceAt(address)->getHandle(); },
            "Get the handle of the force at an address, a number that no other force ever gets.");
    m.def("describe_kernel", &describeKernel, py::arg("system"), py::arg("force_index"),
            "Describe the kernel in which GPU platforms evaluate a force of the System at an address.");
    m.def("trust_force", &LearnedPairForce::trustForce, py::arg("class_name"),
            "State that the forces of a class never use OpenMM's nonbonded kernel.");
    m.def("exists", &ForceHandle::exists, "Get whether the force with a handle still exists.");
    py::class_<LearnedPairForce, std::unique_ptr<LearnedPairForce, py::nodelete>>(m, "ForceAccess",
            "The methods of a C++ LearnedPairForce. Distances are in nm; a Context is passed as its address.")
            .def("getFunction", &getFunction)
            .def("setFunction",
                    [](LearnedPairForce& force, std::shared_ptr<LearnedFunction> function) {
                        force.setFunction(function);
                    })
            .def("initialize",
                    [](LearnedPairForce& force, std::shared_ptr<LearnedFunction> function) {
                        force = LearnedPairForce(function);
                    })
            .def("convert",
                    [](LearnedPairForce& force, uintptr_t address, double innerCutoff) {
                        auto custom = dynamic_cast<const OpenMM::CustomNonbondedForce*>(
                                reinterpret_cast<OpenMM::Force*>(address));
                        if (custom == nullptr)
                            throw py::type_error("The force is not a CustomNonbondedForce.");
                        force = *withValueError([&] { return convertCustomNonbonded(*custom, innerCutoff); });
                    })
            .def("validate",
                    [](const LearnedPairForce& force, uintptr_t system) {
                        validateForce(force, *reinterpret_cast<const OpenMM::System*>(system));
                    })
            .def("describeEvaluation", &describeEvaluation)
            .def("getNumParticles", &LearnedPairForce::getNumParticles)
            .def("addParticle", py::overload_cast<int>(&LearnedPairForce::addParticle))
            .def("addParticle",
                    [](LearnedPairForce& force, const vector<double>& features) {
                        return withValueError([&] { return force.addParticle(features); });
                    })
            .def("getParticleFeatures", &LearnedPairForce::getParticleFeatures)
            .def("setParticleFeatures",
                    [](LearnedPairForce& force, int index, const vector<double>& features) {
                        withValueError([&] { force.setParticleFeatures(index, features); });
                    })
            .def("getAllParticleFeatures",
                    [](const LearnedPairForce& force) { return toArray(force.getAllParticleFeatures()); })
            .def("setAllParticleFeatures",
                    [](LearnedPairForce& force, const Doubles& features, const vector<bool>& covered) {
                        withValueError([&] { force.setAllParticleFeatures(toVector<double>(features), covered); });
                    })
            .def("getParticleType", &LearnedPairForce::getParticleType)
            .def("setParticleType", &LearnedPairForce::setParticleType)
            .def("getParticleTypes", [](const LearnedPairForce& force) { return toArray(force.getParticleTypes()); })
            .def("setParticleTypes",
                    [](LearnedPairForce& force,
                            const py::array_t<int, py::array::c_style | py::array::forcecast>& types) {
                        force.setParticleTypes(toVector<int>(types));
                    })
            .def("getNonbondedMethod", [](const LearnedPairForce& force) { return (int) force.getNonbondedMethod(); })
            .def("setNonbondedMethod",
                    [](LearnedPairForce& force, int method) {
                        force.setNonbondedMethod((LearnedPairForce::NonbondedMethod) method);
                    })
            .def("getCutoffDistance", &LearnedPairForce::getCutoffDistance)
            .def("setCutoffDistance", &LearnedPairForce::setCutoffDistance)
            .def("getInnerCutoffDistance", &LearnedPairForce::getInnerCutoffDistance)
            .def("setInnerCutoffDistance", &LearnedPairForce::setInnerCutoffDistance)
            .def("getUseSwitchingFunction", &LearnedPairForce::getUseSwitchingFunction)
            .def("setUseSwitchingFunction", &LearnedPairForce::setUseSwitchingFunction)
            .def("getSwitchingDistance", &LearnedPairForce::getSwitchingDistance)
            .def("setSwitchingDistance", &LearnedPairForce::setSwitchingDistance)
            .def("getUseLongRangeCorrection", &LearnedPairForce::getUseLongRangeCorrection)
            .def("setUseLongRangeCorrection", &LearnedPairForce::setUseLongRangeCorrection)
            .def("getUseDensityExclusions", &LearnedPairForce::getUseDensityExclusions)
            .def("setUseDensityExclusions", &LearnedPairForce::setUseDensityExclusions)
            .def("getEvaluation", [](const LearnedPairForce& force) { return (int) force.getEvaluation(); })
            .def("setEvaluation",
                    [](LearnedPairForce& force, int evaluation) {
                        force.setEvaluation((LearnedPairForce::Evaluation) evaluation);
                    })
            .def("getTableTolerance", &LearnedPairForce::getTableTolerance)
            .def("setTableTolerance", &LearnedPairForce::setTableTolerance)
            .def("getNumExclusions", &LearnedPairForce::getNumExclusions)
            .def("addExclusion", &LearnedPairForce::addExclusion)
            .def("addExclusions",
                    [](LearnedPairForce& force, const Integers& pairs) { force.addExclusions(toPairs(pairs)); })
            .def("getExclusions",
                    [](const LearnedPairForce& force) {
                        py::array_t<int> pairs({(py::ssize_t) force.getNumExclusions(), (py::ssize_t) 2});
                        for (int i = 0; i < force.getNumExclusions(); i++)
                            force.getExclusionParticles(i, *pairs.mutable_data(i, 0), *pairs.mutable_data(i, 1));
                        return pairs;
                    })
            .def("getExclusionParticles",
                    [](const LearnedPairForce& force, int index) {
                        int particle1, particle2;
                        force.getExclusionParticles(index, particle1, particle2);
                        return py::make_tuple(particle1, particle2);
                    })
            .def("setExclusionParticles", &LearnedPairForce::setExclusionParticles)
            .def("getNumExceptions", &LearnedPairForce::getNumExceptions)
            .def("addException", &LearnedPairForce::addException)
            .def("getExceptionParameters",
                    [](const LearnedPairForce& force, int index) {
                        int particle1, particle2;
                        double factor;
                        force.getExceptionParameters(index, particle1, particle2, factor);
                        return py::make_tuple(particle1, particle2, factor);
                    })
            .def("setExceptionParameters", &LearnedPairForce::setExceptionParameters)
            .def("addExceptions",
                    [](LearnedPairForce& force, const Integers& pairs, const vector<double>& factors, bool replace) {
                        force.addExceptions(toPairs(pairs), factors, replace);
                    })
            .def("getExceptions",
                    [](const LearnedPairForce& force) {
                        py::array_t<int> pairs({(py::ssize_t) force.getNumExceptions(), (py::ssize_t) 2});
                        py::array_t<double> factors(force.getNumExceptions());
                        for (int i = 0; i < force.getNumExceptions(); i++)
                            force.getExceptionParameters(
                                    i, *pairs.mutable_data(i, 0), *pairs.mutable_data(i, 1), *factors.mutable_data(i));
                        return py::make_tuple(pairs, factors);
                    })
            .def("createExclusionsFromBonds", &LearnedPairForce::createExclusionsFromBonds)
            .def("getNumInteractionGroups", &LearnedPairForce::getNumInteractionGroups)
            .def("addInteractionGroup", &LearnedPairForce::addInteractionGroup)
            .def("getInteractionGroupParameters",
                    [](const LearnedPairForce& force, int index) {
                        set<int> set1, set2;
                        force.getInteractionGroupParameters(index, set1, set2);
                        return py::make_tuple(set1, set2);
                    })
            .def("setInteractionGroupParameters", &LearnedPairForce::setInteractionGroupParameters)
            .def("getScaleParameter", &LearnedPairForce::getScaleParameter)
            .def("getScaleDefaultValue", &LearnedPairForce::getScaleDefaultValue)
            .def("setScaleParameter", &LearnedPairForce::setScaleParameter)
            .def("getNumGlobalParameters", &LearnedPairForce::getNumGlobalParameters)
            .def("getGlobalParameterName", &LearnedPairForce::getGlobalParameterName)
            .def("getGlobalParameterDefaultValue", &LearnedPairForce::getGlobalParameterDefaultValue)
            .def("setGlobalParameterDefaultValue", &LearnedPairForce::setGlobalParameterDefaultValue)
            .def("getGlobalParameterRange",
                    [](const LearnedPairForce& force, int index) {
                        double low, high;
                        force.getGlobalParameterRange(index, low, high);
                        return py::make_tuple(low, high);
                    })
            .def("setGlobalParameterRange", &LearnedPairForce::setGlobalParameterRange)
            .def("getNumEnergyParameterDerivatives", &LearnedPairForce::getNumEnergyParameterDerivatives)
            .def("addEnergyParameterDerivative", &LearnedPairForce::addEnergyParameterDerivative)
            .def("getEnergyParameterDerivativeName", &LearnedPairForce::getEnergyParameterDerivativeName)
            .def("getReport", &LearnedPairForce::getReport)
            .def("setReport", &LearnedPairForce::setReport)
            .def("getKernelInfo",
                    [](const LearnedPairForce& force, uintptr_t context) {
                        return toDict(force.getKernelInfo(*reinterpret_cast<OpenMM::Context*>(context)));
                    })
            .def("updateParametersInContext", [](LearnedPairForce& force, uintptr_t context) {
                py::gil_scoped_release release; // the platform may wait for its device
                force.updateParametersInContext(*reinterpret_cast<OpenMM::Context*>(context));
            });
}
