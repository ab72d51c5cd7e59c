// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForceProxy.h"
#include "internal/Base64.h"
#include "internal/require.h"
#include "internal/visitFunction.h"
#include "LearnedPairForce.h"
#include "openmm/serialization/SerializationNode.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using OpenMM::SerializationNode;
using std::set;
using std::vector;

static const int Version = 3;
// The last node of a force. It is needed because OpenMM's XML parser (8.6) accepts a truncated text as complete.
static const char* const End = "End";
// The end of the report. It is needed because OpenMM's XML parser (8.6) drops the last character of a text if that is
// the only character after an entity such as &quot;.
static const std::string ReportEnd = " end";

static vector<int> readIntegers(const SerializationNode& node, const char* property) {
    std::stringstream stream(node.getStringProperty(property));
    vector<int> values;
    for (std::string word; stream >> word;) {
        size_t length = 0;
        long long value = 0;
        try {
            value = std::stoll(word, &length);
        }
        catch (const std::logic_error&) {
            // no digits, or out of range
        }
        require(length == word.size() && value == (int) value, "LearnedPairForce: \"", property, "\" holds \"", word,
                "\", which is not an integer; the XML is damaged.");
        values.push_back((int) value);
    }
    return values;
}

template<class Integers>
static void writeIntegers(SerializationNode& node, const char* property, const Integers& values) {
    std::stringstream stream;
    const char* separator = "";
    for (int value : values) {
        stream << separator << value;
        separator = " ";
    }
    node.setStringProperty(property, stream.str());
}

static void writeTable(SerializationNode& node, const PairTable& table) {
    node.setIntProperty("numTypes", table.getNumTypes());
    node.setDoubleProperty("minDistance", table.getMinDistance());
    node.setDoubleProperty("maxDistance", table.getMaxDistance());
    writeIntegers(node, "curveIndices", table.getCurveIndices());
    for (auto& curve : table.getCurves())
        node.createChildNode("Curve")
                .setIntProperty("knots", curve.energies.size())
                .setStringProperty("energies", encodeDoubles(curve.energies))
                .setStringProperty("slopes", encodeDoubles(curve.slopes));
}

static std::shared_ptr<LearnedFunction> readTable(const SerializationNode& node) {
    vector<PairCurve> curves;
    for (auto& child : node.getChildren()) {
        curves.push_back(
                {decodeDoubles(child.getStringProperty("energies")), decodeDoubles(child.getStringProperty("slopes"))});
        require(curves.back().energies.size() == (size_t) child.getIntProperty("knots"),
                "LearnedPairForce: a curve has ", curves.back().energies.size(), " knots, but should have ",
                child.getIntProperty("knots"), "; the XML is damaged.");
    }
    return std::make_shared<PairTable>(node.getIntProperty("numTypes"), node.getDoubleProperty("minDistance"),
            node.getDoubleProperty("maxDistance"), curves, readIntegers(node, "curveIndices"));
}

/**
 * Replace a character. Line breaks are lost in XML attributes, so that the lines of a program are separated by
 * semicolons there. Programs contain no other semicolons.
 */
static std::string replaceCharacter(std::string text, char before, char after) {
    std::replace(text.begin(), text.end(), before, after);
    return text;
}

static void writeProgram(SerializationNode& node, const PairProgram& function, const LearnedPairForce& force) {
    node.setIntProperty("numTypes", function.getNumTypes());
    node.setDoubleProperty("minDistance", function.getMinDistance());
    for (auto& feature : function.getFeatures())
        node.createChildNode("Feature")
                .setStringProperty("name", feature.name)
                .setDoubleProperty("low", feature.range.low)
                .setDoubleProperty("high", feature.range.high);
    for (int i = 0; i < force.getNumGlobalParameters(); i++) {
        double low, high;
        force.getGlobalParameterRange(i, low, high);
        node.createChildNode("GlobalParameter")
                .setStringProperty("name", force.getGlobalParameterName(i))
                .setDoubleProperty("default", force.getGlobalParameterDefaultValue(i))
                .setDoubleProperty("low", low)
                .setDoubleProperty("high", high);
    }
    node.setStringProperty("steps", replaceCharacter(function.getProgram().getText(), '\n', ';'));
    node.setStringProperty("weights", encodeDoubles(function.getProgram().getWeights()));
}

static std::shared_ptr<LearnedFunction> readProgram(const SerializationNode& node) {
    vector<ParticleFeature> features;
    vector<GlobalParameter> globalParameters;
    for (auto& child : node.getChildren()) {
        ValueRange range = {child.getDoubleProperty("low"), child.getDoubleProperty("high")};
        if (child.getName() == "Feature")
            features.push_back({child.getStringProperty("name"), range});
        else
            globalParameters.push_back({child.getStringProperty("name"), child.getDoubleProperty("default"), range});
    }
    TensorProgram program(replaceCharacter(node.getStringProperty("steps"), ';', '\n'),
            decodeDoubles(node.getStringProperty("weights")));
    return std::make_shared<PairProgram>(program, node.getIntProperty("numTypes"), features,
            node.getDoubleProperty("minDistance"), globalParameters);
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
            });
}

static std::shared_ptr<LearnedFunction> readFunction(const SerializationNode& node) {
    for (auto& child : node.getChildren())
        if (child.getName() == "PairProgram")
            return readProgram(child);
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
    writeIntegers(node, "pairs", particles);
}

static void readExclusions(const SerializationNode& node, LearnedPairForce& force) {
    vector<int> particles = readIntegers(node, "pairs");
    require(particles.size() % 2 == 0, "LearnedPairForce: \"pairs\" holds ", particles.size(),
            " particles, which are no pairs; the XML is damaged.");
    vector<std::pair<int, int>> pairs;
    for (size_t i = 0; i < particles.size(); i += 2)
        pairs.push_back({particles[i], particles[i + 1]});
    force.addExclusions(pairs);
}

LearnedPairForceProxy::LearnedPairForceProxy() : SerializationProxy("LearnedPairForce") {}

void LearnedPairForceProxy::serialize(const void* object, SerializationNode& node) const {
    const LearnedPairForce& force = *reinterpret_cast<const LearnedPairForce*>(object);
    node.setIntProperty("version", Version);
    node.setIntProperty("forceGroup", force.getForceGroup());
    node.setStringProperty("name", force.getName());
    node.setIntProperty("method", force.getNonbondedMethod());
    node.setDoubleProperty("cutoff", force.getCutoffDistance());
    node.setDoubleProperty("innerCutoff", force.getInnerCutoffDistance());
    node.setBoolProperty("useSwitchingFunction", force.getUseSwitchingFunction());
    node.setDoubleProperty("switchingDistance", force.getSwitchingDistance());
    node.setIntProperty("evaluation", force.getEvaluation());
    node.setDoubleProperty("tableTolerance", force.getTableTolerance());
    node.setStringProperty("scaleParameter", force.getScaleParameter());
    node.setDoubleProperty("scaleDefault", force.getScaleDefaultValue());
    node.setStringProperty("report", force.getReport() + ReportEnd);
    writeFunction(node, force);
    writeParticles(node.createChildNode("Particles"), force);
    SerializationNode& derivatives = node.createChildNode("EnergyParameterDerivatives");
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
        derivatives.createChildNode("Parameter").setStringProperty("name", force.getEnergyParameterDerivativeName(i));
    writeExclusions(node.createChildNode("Exclusions"), force);
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
    int version = node.getIntProperty("version");
    require(version == Version, "LearnedPairForce: the XML has version ", version,
            " of this force, and this installation reads version ", Version,
            "; install the release of openmm-learnedpair that wrote it, or a newer one.");
    require(!node.getChildren().empty() && node.getChildren().back().getName() == End,
            "LearnedPairForce: the XML ends in the middle of the force; it was cut off when it was written or copied.");
    auto force = std::make_unique<LearnedPairForce>(readFunction(node));
    force->setForceGroup(node.getIntProperty("forceGroup"));
    force->setName(node.getStringProperty("name"));
    force->setNonbondedMethod((LearnedPairForce::NonbondedMethod) node.getIntProperty("method"));
    force->setCutoffDistance(node.getDoubleProperty("cutoff"));
    force->setInnerCutoffDistance(node.getDoubleProperty("innerCutoff"));
    force->setUseSwitchingFunction(node.getBoolProperty("useSwitchingFunction"));
    force->setSwitchingDistance(node.getDoubleProperty("switchingDistance"));
    force->setEvaluation((LearnedPairForce::Evaluation) node.getIntProperty("evaluation"));
    force->setTableTolerance(node.getDoubleProperty("tableTolerance"));
    force->setScaleParameter(node.getStringProperty("scaleParameter"), node.getDoubleProperty("scaleDefault"));
    std::string report = node.getStringProperty("report");
    require(report.size() >= ReportEnd.size() && report.substr(report.size() - ReportEnd.size()) == ReportEnd,
            "LearnedPairForce: the report has no end; the XML is damaged.");
    force->setReport(report.substr(0, report.size() - ReportEnd.size()));
    readParticles(node.getChildNode("Particles"), *force);
    for (auto& child : node.getChildNode("EnergyParameterDerivatives").getChildren())
        force->addEnergyParameterDerivative(child.getStringProperty("name"));
    readExclusions(node.getChildNode("Exclusions"), *force);
    for (auto& child : node.getChildNode("InteractionGroups").getChildren()) {
        vector<int> set1 = readIntegers(child, "set1"), set2 = readIntegers(child, "set2");
        force->addInteractionGroup(set<int>(set1.begin(), set1.end()), set<int>(set2.begin(), set2.end()));
    }
    return force.release();
}
