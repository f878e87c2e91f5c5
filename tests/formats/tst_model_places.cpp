// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where models are found: paths, the Hugging Face cache, "default", and the list of all of them.
#include "tests/formats/model_files.h"
#include "training/models/model_source.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace rankwright;
namespace fs = std::filesystem;

class TestModelPlaces : public QObject
{
    Q_OBJECT
private slots:
    void init();
    void resolvesPlaces();
    void refusesWhatIsNoModel();
    void licenceOfAFile();
    void readsTheHuggingFaceCache();
    void followsLinksInsideTheCacheOnly();
    void describesWhatAModelIs();
    void findsModelsAndListsBadOnes();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_path;
};

void TestModelPlaces::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_path = fs::path(m_folder->path().toStdString());
}

void TestModelPlaces::resolvesPlaces()
{
    writeModel(m_path / "folder", tinyConfig());
    QCOMPARE(resolveModel((m_path / "folder").string()), m_path / "folder");
    QCOMPARE(resolveModel((m_path / "folder" / "config.json").string()), m_path / "folder");
    QCOMPARE(resolveModel((m_path / "folder" / "model.safetensors").string()), m_path / "folder");
    fs::create_directory(m_path / "only");
    writeGguf(m_path / "only" / "one.gguf", {});
    QCOMPARE(resolveModel((m_path / "only").string()), m_path / "only" / "one.gguf");
    fs::copy(m_path / "only" / "one.gguf", m_path / "only" / "renamed");
    QCOMPARE(resolveModel((m_path / "only" / "renamed").string()), m_path / "only" / "renamed");
    const Variable variable("RANKWRIGHT_DEFAULT_MODEL", m_path / "folder");
    QCOMPARE(resolveModel("default"), m_path / "folder");
}

void TestModelPlaces::refusesWhatIsNoModel()
{
    const Variable variable("RANKWRIGHT_DEFAULT_MODEL", m_path / "none.gguf");
    const Variable cache("HF_HUB_CACHE", m_path / "hub");
    const auto refuse = [](const fs::path& spec, Code code, const char* pattern) {
        requireRejection([&] { (void)resolveModel(spec.string()); }, code, pattern);
    };
    refuse("default", Code::missing, "none.gguf.*RANKWRIGHT_DEFAULT_MODEL");
    refuse("", Code::missing, "empty name");
    refuse("org/name", Code::missing, "models--org--name.*Nothing is downloaded");
    refuse("../../no such folder", Code::missing, "no such file");
    refuse(m_path / "absent", Code::missing, "no such file");
    refuse(m_path, Code::missing, "without config.json");
    writeBytes(m_path / "adapter_config.json", R"({"peft_type": "LORA", "base_model_name_or_path": "org/base"})");
    refuse(m_path, Code::missing, "PEFT adapter for the model org/base.*--adapter");
    writeBytes(m_path / "adapter_config.json", "[");
    refuse(m_path, Code::missing, "PEFT adapter");
    fs::remove(m_path / "adapter_config.json");
    writeBytes(m_path / "pytorch_model.bin", "\x80\x02}q\x01.");
    refuse(m_path / "pytorch_model.bin", Code::pickle, "pickle");
    writeBytes(m_path / "notes.txt", "hello");
    refuse(m_path / "notes.txt", Code::unsupported, "unknown kind");
}

void TestModelPlaces::readsTheHuggingFaceCache()
{
    const Variable cache("HF_HUB_CACHE", m_path);
    const fs::path model = m_path / "models--my-org--tiny.model";
    writeModel(model / "snapshots" / "abc123", tinyConfig());
    writeModel(model / "snapshots" / "def456", tinyConfig());
    fs::create_directories(model / "refs");
    writeBytes(model / "refs" / "main", "abc123\n");
    writeBytes(model / "snapshots" / "abc123" / "README.md",
        "---\nlanguage: en\nlicense: \"apache-2.0\"\n---\nlicense: no\n");
    QCOMPARE(resolveModel("my-org/tiny.model"), model / "snapshots" / "abc123");
    const ModelInfo info = inspectModel("my-org/tiny.model");
    QCOMPARE(info.name, "my-org/tiny.model");
    QCOMPARE(info.spec, "my-org/tiny.model");
    QCOMPARE(info.source, "Hugging Face cache");
    QCOMPARE(info.license, "apache-2.0");
    // A snapshot opened by its path has the model's name, not the hash.
    QCOMPARE(inspectModel((model / "snapshots" / "def456").string()).name, "my-org/tiny.model");

    // A ref that leads out of the folder is not followed.
    writeBytes(model / "refs" / "main", "../../../../etc");
    const fs::path resolved = resolveModel("my-org/tiny.model");
    QCOMPARE(resolved.parent_path(), model / "snapshots");
    fs::remove_all(model / "snapshots");
    requireRejection([] { (void)resolveModel("my-org/tiny.model"); }, Code::missing, "no finished download");
}

// The model card says it; where there is none, the file with the licence's text.
void TestModelPlaces::licenceOfAFile()
{
    writeModel(m_path, tinyConfig());
    const auto licence = [this] { return inspectModel(m_path.string()).license; };
    QCOMPARE(licence(), "");
    writeBytes(m_path / "LICENSE", "\n                                 Apache License\n                           Version 2.0, January 2004\n");
    QCOMPARE(licence(), "apache-2.0 (its file LICENSE)");
    writeBytes(m_path / "LICENSE", "MIT License\n\nPermission is hereby granted, free of charge, to any person\n\nTHE SOFTWARE IS PROVIDED \"AS IS\"\n");
    QCOMPARE(licence(), "mit (its file LICENSE)");
    writeBytes(m_path / "LICENSE", "\n  SOME COMMUNITY LICENSE AGREEMENT\nof its own\n");
    QCOMPARE(licence(), "SOME COMMUNITY LICENSE AGREEMENT (its file LICENSE)");
    fs::rename(m_path / "LICENSE", m_path / "LICENSE.md");
    QCOMPARE(licence(), "SOME COMMUNITY LICENSE AGREEMENT (its file LICENSE.md)");
    writeBytes(m_path / "LICENSE.md", "");
    QCOMPARE(licence(), "");
    writeBytes(m_path / "README.md", "---\nlicense: bsd\n---\n");
    QCOMPARE(licence(), "bsd");
    QVERIFY(inspectModel(m_path.string()).usable);
}

// As the cache really is: files of a snapshot are links to blobs.
void TestModelPlaces::followsLinksInsideTheCacheOnly()
{
    const Variable cache("HF_HUB_CACHE", m_path / "hub");
    const fs::path model = m_path / "hub" / "models--org--linked", snapshot = model / "snapshots" / "abc";
    writeModel(model / "blobs", tinyConfig());
    fs::create_directories(snapshot);
    fs::create_directories(model / "refs");
    writeBytes(model / "refs" / "main", "abc");
    for (const char* name : {"config.json", "model.safetensors"})
        fs::create_symlink(fs::path("../../blobs") / name, snapshot / name);
    QCOMPARE(openModelSource("org/linked").tensors.size(), size_t(20));
    const ModelInfo info = inspectModel("org/linked");
    QCOMPARE(info.files.size(), size_t(2));
    QCOMPARE(info.files.back().first, "model.safetensors");
    QVERIFY(info.files.back().second > 1000);
    // Split over two files that an index names.
    const std::vector<TinyTensor> all = tinyTensors();
    writeTensors(model / "blobs" / "one", {all.begin(), all.begin() + 7});
    writeTensors(model / "blobs" / "two", {all.begin() + 7, all.end()});
    nlohmann::json map;
    for (size_t i = 0; i < all.size(); ++i)
        map[all[i].name] = i < 7 ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    fs::remove(snapshot / "model.safetensors");
    writeBytes(snapshot / "model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
    fs::create_symlink("../../blobs/one", snapshot / "model-00001-of-00002.safetensors");
    fs::create_symlink("../../blobs/two", snapshot / "model-00002-of-00002.safetensors");
    QCOMPARE(openModelSource("org/linked").tensors.size(), size_t(20));
    // A link that leads out of the cache is not followed.
    fs::copy_file(model / "blobs" / "two", m_path / "outside");
    fs::remove(snapshot / "model-00002-of-00002.safetensors");
    fs::create_symlink(m_path / "outside", snapshot / "model-00002-of-00002.safetensors");
    requireRejection([] { (void)openModelSource("org/linked"); }, Code::unsupported, "symbolic link");
}

void TestModelPlaces::describesWhatAModelIs()
{
    nlohmann::json config = tinyConfig();
    config.update({{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}}}, {"attention_bias", false}, {"unknown_key", 1}});
    writeModel(m_path / "m", config);
    writeBytes(m_path / "m" / "tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null})");
    const ModelInfo info = inspectModel((m_path / "m").string());
    const std::map<std::string, std::string> facts(info.facts.begin(), info.facts.end());
    QCOMPARE(facts.size(), info.facts.size());
    QCOMPARE(facts.at("Attention"), "2 heads of width 4, which share 1 head of keys and values");
    QCOMPARE(facts.at("Positions"), "rotary, base 10000");
    QCOMPARE(facts.at("Rotary scaling"), "llama3, factor 8 from 8192 tokens");
    QCOMPARE(facts.at("Norms"), "root mean square, epsilon 1e-05");
    QCOMPARE(facts.at("Feed-forward"), "gated, SiLU, width 12");
    QCOMPARE(facts.at("Head"), "the embeddings (tied)");
    QCOMPARE(facts.at("Stored as"), "20 tensors F32");
    QCOMPARE(facts.at("For llama.cpp"), "can be exported as GGUF");
    QVERIFY(!facts.contains("Experts") && !facts.contains("Sliding window"));
    QVERIFY(info.generates && info.labels.empty());
    QCOMPARE(info.specialTokens, (std::vector<std::pair<std::string, std::string>>{{"bos", "<s>"}, {"eos", "</s>"}}));
    QCOMPARE(info.files.size(), size_t(3));
    QVERIFY(info.notes.size() == 1 && info.notes.front().find("unknown_key") != std::string::npos);
    QVERIFY(!info.problem.empty());   // there is no tokenizer, and that is said
}

void TestModelPlaces::findsModelsAndListsBadOnes()
{
    const Variable variable("RANKWRIGHT_DEFAULT_MODEL", m_path / "a" / "tiny.gguf");
    const Variable cache("HF_HUB_CACHE", m_path / "hub");
    writeModel(m_path / "hub" / "models--org--cached" / "snapshots" / "1", tinyConfig());
    fs::create_directories(m_path / "hub" / "models--org--empty" / "refs");
    fs::create_directories(m_path / "hub" / "datasets--org--rows");
    fs::create_directories(m_path / "a" / "b" / "c" / "d");
    writeGguf(m_path / "a" / "tiny.gguf", {});
    writeGguf(m_path / "a" / "split-00002-of-00002.gguf", {});
    writeModel(m_path / "a" / "b" / "good", tinyConfig());
    writeModel(m_path / "a" / "b" / "bad", {{"model_type", "gpt9"}});
    writeModel(m_path / "a" / "b" / "c" / "d" / "too deep", tinyConfig());
    writeBytes(m_path / "a" / "broken.gguf", "GGUF");
    fs::create_directory_symlink(m_path / "a", m_path / "a" / "loop");

    std::map<std::string, ModelInfo> found;
    for (const ModelInfo& info : findModels({m_path / "a", m_path / "a"}))
        QVERIFY2(found.emplace(info.name, info).second, info.name.c_str());
    QStringList names;
    for (const auto& [name, info] : found)
        names << QString::fromStdString(name + (info.usable ? "" : " (bad)"));
    QCOMPARE(names, (QStringList{"bad (bad)", "broken (bad)", "good", "org/cached", "org/empty (bad)", "tiny"}));
    QCOMPARE(found.at("tiny").source, "bundled default");
    QCOMPARE(found.at("tiny").spec, "default");
    QVERIFY(found.at("bad").problem.find("gpt9") != std::string::npos);
    QCOMPARE(found.at("org/cached").source, "Hugging Face cache");
    QCOMPARE(found.at("good").modules.size(), size_t(14));
}

QTEST_GUILESS_MAIN(TestModelPlaces)
#include "tst_model_places.moc"
