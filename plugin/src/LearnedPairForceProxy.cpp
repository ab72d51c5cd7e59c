// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForceProxy.h"
#include "internal/Base64.h"
#include "internal/require.h"
#include "internal/visitFunction.h"
#include "LearnedPairForce.h"
#include "openmm/serialization/SerializationNode.h"
#include "XmlProperties.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using OpenMM::SerializationNode;
using std::set;
using std::vector;

static const int Version = 5;
// The last node of a force. It is needed because OpenMM's XML parser (8.6) accepts a truncated text as complete.
static const char* const End = "End";

static void writeTable(SerializationNode& node, const PairTable& table) {
    node.setIntProperty("numTypes", table.getNumTypes());
    writeNumber(node, "minDistance", table.getMinDistance());
    writeNumber(node, "maxDistance", table.getMaxDistance());
    writeIntegers(node, "curveIndices", table.getCurveIndices());
    for (auto& curve : table.getCurves())
        node.createChildNode("Curve")
                .setIntProperty("knots", curve.energies.size())
                .setStringProperty("energies", encodeDoubles(curve.energies))
                .setStringProperty("slopes", encodeDoubles(curve.slopes));
}

static std::shared_ptr<PairTable> readTable(const SerializationNode& node) {
    vector<PairCurve> curves;
    for (auto& child : node.getChildren()) {
        curves.push_back(
                {decodeDoubles(child.getStringProperty("energies")), decodeDoubles(child.getStringProperty("slopes"))});
        require(curves.back().energies.size() == (size_t) readInteger(child, "knots"), "LearnedPairForce: a curve has ",
                curves.back().energies.size(), " knots, but should have ", readInteger(child, "knots"),
                "; the XML is damaged.");
    }
    return std::make_shared<PairTable>(readInteger(node, "numTypes"), readNumber(node, "minDistance"),
            readNumber(node, "maxDistance"), curves, readIntegers(node, "curveIndices"));
}

/**
 * Replace a character. Line breaks are lost in XML attributes, so that the lines of a program are separated by
 * semicolons there. Programs contain no other semicolons.
 */
static std::string replaceCharacter(std::string text, char before, char after) {
    std::replace(text.begin(), text.end(), before, after);
    return text;
}

static void writeRange(SerializationNode& node, const std::string& name, const ValueRange& range) {
    writeText(node, "name", name);
    writeNumber(node, "low", range.low);
    writeNumber(node, "high", range.high);
}

static void writeSteps(SerializationNode& node, const TensorProgram& program) {
    node.setStringProperty("steps", replaceCharacter(program.getText(), '\n', ';'));
    node.setStringProperty("weights", encodeDoubles(program.getWeights()));
}

static TensorProgram readSteps(const SerializationNode& node, const ProgramSignature& signature) {
    return TensorProgram(replaceCharacter(node.getStringProperty("steps"), ';', '\n'),
            decodeDoubles(node.getStringProperty("weights")), signature);
}

static void writeGlobalParameters(SerializationNode& node, const LearnedPairForce& force) {
    for (int i = 0; i < force.getNumGlobalParameters(); i++) {
        ValueRange range;
        force.getGlobalParameterRange(i, range.low, range.high);
        SerializationNode& parameter = node.createChildNode("GlobalParameter");
        writeRange(parameter, force.getGlobalParameterName(i), range);
        writeNumber(parameter, "default", force.getGlobalParameterDefaultValue(i));
    }
}

static ValueRange readRange(const SerializationNode& node) {
    return {readNumber(node, "low"), readNumber(node, "high")};
}

static GlobalParameter readGlobalParameter(const SerializationNode& node) {
    return {readText(node, "name"), readNumber(node, "default"), readRange(node)};
}

static void writeProgram(SerializationNode& node, const PairProgram& function, const LearnedPairForce& force) {
    node.setIntProperty("numTypes", function.getNumTypes());
    writeNumber(node, "minDistance", function.getMinDistance());
    for (auto& feature : function.getFeatures())
        writeRange(node.createChildNode("Feature"), feature.name, feature.range);
    writeGlobalParameters(node, force);
    writeSteps(node, function.getProgram());
}

static std::shared_ptr<LearnedFunction> readProgram(const SerializationNode& node) {
    vector<ParticleFeature> features;
    vector<GlobalParameter> globalParameters;
    for (auto& child : node.getChildren()) {
        if (child.getName() == "Feature")
            features.push_back({readText(child, "name"), readRange(child)});
        else if (child.getName() == "GlobalParameter")
            globalParameters.push_back(readGlobalParameter(child));
        else
            require(false, "LearnedPairForce: the program has an element \"", child.getName(),
                    "\"; the XML is damaged.");
    }
    return std::make_shared<PairProgram>(readSteps(node, ProgramSignature::forPairs()), readInteger(node, "numTypes"),
            features, readNumber(node, "minDistance"), globalParameters);
}

static void writeEnvironment(
        SerializationNode& node, const EnvironmentFunction& function, const LearnedPairForce& force) {
    node.setIntProperty("numTypes", function.getNumTypes());
    writeNumber(node, "minDistance", function.getFirstKnot());
    writeNumber(node, "maxDistance", function.getLastKnot());
    writeIntegers(node, "angularOrders", function.getAngularOrders());
    writeIntegers(node, "curveIndices", function.getCurveIndices());
    for (auto& curve : function.getCurves())
        node.createChildNode("Densities")
                .setStringProperty("values", encodeDoubles(curve.values))
                .setStringProperty("slopes", encodeDoubles(curve.slopes));
    writeSteps(node.createChildNode("AtomProgram"), function.getAtomProgram());
    writeGlobalParameters(node, force);
    if (function.getPairTable() != nullptr)
        writeTable(node.createChildNode("PairTable"), *function.getPairTable());
}

static std::shared_ptr<LearnedFunction> readEnvironment(const SerializationNode& node) {
    vector<DensityCurve> curves;
    vector<GlobalParameter> globalParameters;
    std::shared_ptr<const PairTable> pairTable;
    for (auto& child : node.getChildren()) {
        if (child.getName() == "Densities")
            curves.push_back({decodeDoubles(child.getStringProperty("values")),
                decodeDoubles(child.getStringProperty("slopes"))});
        else if (child.getName() == "GlobalParameter")
            globalParameters.push_back(readGlobalParameter(child));
        else if (child.getName() == "PairTable")
            pairTable = readTable(child);
        else
            require(child.getName() == "AtomProgram", "LearnedPairForce: the environment function has an element \"",
                    child.getName(), "\"; the XML is damaged.");
    }
    return std::make_shared<EnvironmentFunction>(readInteger(node, "numTypes"), readNumber(node, "minDistance"),
            readNumber(node, "maxDistance"), readIntegers(node, "angularOrders"), curves,
            readIntegers(node, "curveIndices"),
            readSteps(node.getChildNode("AtomProgram"), ProgramSignature::forAtoms()), globalParameters, pairTable);
}

static void writeFunction(SerializationNode& node, const LearnedPairForce& force) {
    visitFunction<bool>(
            force.getFunction(),
            [&](const PairTable& table) {
                writeTable(node.createChildNode("PairTable"), table);
                return true;
            },
            [&](const PairProgram& program) {
                writeProgram(node.createChildNode("PairProgram"), program, force);
                return true;
            },
            [&](const EnvironmentFunction& environment) {
                writeEnvironment(node.createChildNode("EnvironmentFunction"), environment, force);
                return true;
            });
}

static std::shared_ptr<LearnedFunction> readFunction(const SerializationNode& node) {
    for (auto& child : node.getChildren()) {
        if (child.getName() == "PairProgram")
            return readProgram(child);
        if (child.getName() == "EnvironmentFunction")
            return readEnvironment(child);
    }
    return readTable(node.getChildNode("PairTable"));
}

static void writeParticles(SerializationNode& node, const LearnedPairForce& force) {
    writeIntegers(node, "types", force.getParticleTypes());
    if (force.getFunction().getNumFeatures() == 0)
        return;
    size_t numFeatures = force.getFunction().getNumFeatures();
    vector<double> features; // of covered particles
    for (int i = 0; i < force.getNumParticles(); i++)
        if (force.getParticleType(i) != LearnedPairForce::NotCovered) {
            auto begin = force.getAllParticleFeatures().begin() + i * numFeatures;
            features.insert(features.end(), begin, begin + numFeatures);
        }
    node.setStringProperty("features", encodeDoubles(features));
}

/** Read types or features. Features are stored for covered particles only; others have the type NotCovered. */
static void readParticles(const SerializationNode& node, LearnedPairForce& force) {
    vector<int> types = readIntegers(node, "types");
    size_t numFeatures = force.getFunction().getNumFeatures();
    if (numFeatures == 0) {
        force.setParticleTypes(types);
        return;
    }
    vector<double> stored = decodeDoubles(node.getStringProperty("features")),
                   features(types.size() * numFeatures, 0.0);
    vector<bool> covered;
    size_t next = 0;
    for (size_t i = 0; i < types.size(); i++) {
        require(types[i] == 0 || types[i] == LearnedPairForce::NotCovered, "LearnedPairForce: particle ", i,
                " has the type ", types[i], ", but the function takes features; the XML is damaged.");
        covered.push_back(types[i] != LearnedPairForce::NotCovered);
        for (size_t k = 0; covered[i] && k < numFeatures && next < stored.size(); k++)
            features[i * numFeatures + k] = stored[next++];
    }
    size_t expected = numFeatures * std::count(covered.begin(), covered.end(), true);
    require(stored.size() == expected, "LearnedPairForce: there are ", stored.size(),
            " features, but the covered particles have ", expected, "; the XML is damaged.");
    force.setAllParticleFeatures(features, covered);
}

/** All pairs stand in one property: a node for each takes several times as long to read, as there may be millions. */
static void writeExclusions(SerializationNode& node, const LearnedPairForce& force) {
    vector<int> particles(2 * force.getNumExclusions());
    for (int i = 0; i < force.getNumExclusions(); i++)
        force.getExclusionParticles(i, particles[2 * i], particles[2 * i + 1]);
    node.setIntProperty("count", force.getNumExclusions());
    writeIntegers(node, "pairs", particles);
}

static void readExclusions(const SerializationNode& node, LearnedPairForce& force) {
    vector<int> particles = readIntegers(node, "pairs");
    int count = readInteger(node, "count");
    require(node.getChildren().empty() && particles.size() == 2 * (size_t) count, "LearnedPairForce: \"pairs\" holds ",
            particles.size(), " particles, but ", count, " pairs should be there; the XML is damaged.");
    vector<std::pair<int, int>> pairs;
    for (size_t i = 0; i < particles.size(); i += 2)
        pairs.push_back({particles[i], particles[i + 1]});
    force.addExclusions(pairs);
}

static void writeExceptions(SerializationNode& node, const LearnedPairForce& force) {
    vector<int> particles;
    vector<double> factors;
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        particles.insert(particles.end(), {particle1, particle2});
        factors.push_back(factor);
    }
    node.setIntProperty("count", force.getNumExceptions());
    writeIntegers(node, "pairs", particles);
    node.setStringProperty("factors", encodeDoubles(factors));
}

static void readExceptions(const SerializationNode& node, LearnedPairForce& force) {
    vector<int> particles = readIntegers(node, "pairs");
    vector<double> factors = decodeDoubles(node.getStringProperty("factors"));
    int count = readInteger(node, "count");
    require(particles.size() == 2 * (size_t) count && factors.size() == (size_t) count,
            "LearnedPairForce: the exceptions hold ", particles.size(), " particles and ", factors.size(),
            " factors, but ", count, " pairs should be there; the XML is damaged.");
    for (int i = 0; i < count; i++)
        force.addException(particles[2 * i], particles[2 * i + 1], factors[i]);
}

LearnedPairForceProxy::LearnedPairForceProxy() : SerializationProxy("LearnedPairForce") {}

void LearnedPairForceProxy::serialize(const void* object, SerializationNode& node) const {
    const LearnedPairForce& force = *reinterpret_cast<const LearnedPairForce*>(object);
    node.setIntProperty("version", Version);
    node.setIntProperty("forceGroup", force.getForceGroup());
    writeText(node, "name", force.getName());
    node.setIntProperty("method", force.getNonbondedMethod());
    writeNumber(node, "cutoff", force.getCutoffDistance());
    writeNumber(node, "innerCutoff", force.getInnerCutoffDistance());
    node.setBoolProperty("useSwitchingFunction", force.getUseSwitchingFunction());
    writeNumber(node, "switchingDistance", force.getSwitchingDistance());
    node.setBoolProperty("useLongRangeCorrection", force.getUseLongRangeCorrection());
    node.setBoolProperty("useDensityExclusions", force.getUseDensityExclusions());
    node.setIntProperty("evaluation", force.getEvaluation());
    writeNumber(node, "tableTolerance", force.getTableTolerance());
    writeText(node, "scaleParameter", force.getScaleParameter());
    writeNumber(node, "scaleDefault", force.getScaleDefaultValue());
    writeText(node, "report", force.getReport());
    writeFunction(node, force);
    writeParticles(node.createChildNode("Particles"), force);
    SerializationNode& derivatives = node.createChildNode("EnergyParameterDerivatives");
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
        writeText(derivatives.createChildNode("Parameter"), "name", force.getEnergyParameterDerivativeName(i));
    writeExclusions(node.createChildNode("Exclusions"), force);
    writeExceptions(node.createChildNode("Exceptions"), force);
    SerializationNode& groups = node.createChildNode("InteractionGroups");
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        SerializationNode& group = groups.createChildNode("InteractionGroup");
        writeIntegers(group, "set1", set1);
        writeIntegers(group, "set2", set2);
    }
    node.createChildNode(End);
}

void* LearnedPairForceProxy::deserialize(const SerializationNode& node) const {
    int version = readInteger(node, "version");
    require(version == Version, "LearnedPairForce: the XML has version ", version,
            " of this force, and this installation reads version ", Version,
            "; install the release of openmm-learnedpair that wrote it, or a newer one.");
    require(!node.getChildren().empty() && node.getChildren().back().getName() == End,
            "LearnedPairForce: the XML ends in the middle of the force; it was cut off when it was written or copied.");
    auto force = std::make_unique<LearnedPairForce>(readFunction(node));
    force->setForceGroup(readInteger(node, "forceGroup"));
    force->setName(readText(node, "name"));
    force->setNonbondedMethod((LearnedPairForce::NonbondedMethod) readInteger(node, "method"));
    force->setCutoffDistance(readNumber(node, "cutoff"));
    force->setInnerCutoffDistance(readNumber(node, "innerCutoff"));
    force->setUseSwitchingFunction(readBool(node, "useSwitchingFunction"));
    force->setSwitchingDistance(readNumber(node, "switchingDistance"));
    force->setUseLongRangeCorrection(readBool(node, "useLongRangeCorrection"));
    force->setUseDensityExclusions(readBool(node, "useDensityExclusions"));
    force->setEvaluation((LearnedPairForce::Evaluation) readInteger(node, "evaluation"));
    force->setTableTolerance(readNumber(node, "tableTolerance"));
    force->setScaleParameter(readText(node, "scaleParameter"), readNumber(node, "scaleDefault"));
    force->setReport(readText(node, "report"));
    readParticles(node.getChildNode("Particles"), *force);
    for (auto& child : node.getChildNode("EnergyParameterDerivatives").getChildren())
        force->addEnergyParameterDerivative(readText(child, "name"));
    readExclusions(node.getChildNode("Exclusions"), *force);
    readExceptions(node.getChildNode("Exceptions"), *force);
    for (auto& child : node.getChildNode("InteractionGroups").getChildren()) {
        vector<int> set1 = readIntegers(child, "set1"), set2 = readIntegers(child, "set2");
        force->addInteractionGroup(set<int>(set1.begin(), set1.end()), set<int>(set2.begin(), set2.end()));
    }
    return force.release();
}
