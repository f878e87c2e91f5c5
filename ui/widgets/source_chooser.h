// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// "Compare with...": a list of this machine's models and of stored runs with a checkpoint, filtered while one types; a folder or
// file that is typed in full can be chosen too. Closes with Escape.
#pragma once

#include "ui/async/mailbox.h"
#include "ui/models/store_reader.h"

#include <QFrame>

#include <thread>

class QLineEdit;
class QListWidget;

namespace rankwright {

// What a person chose to look at.
struct SpectrumSource
{
    QString title;           // "Fake-1M", "lora, run a1b2"
    std::string model;
    std::string folder;      // of a run; empty: the model's own weights
    bool operator==(const SpectrumSource& other) const { return model == other.model && folder == other.folder; }
};

class SourceChooser : public QFrame
{
    Q_OBJECT
public:
    explicit SourceChooser(const std::filesystem::path& dataDirectory, QWidget* parent = nullptr);
    ~SourceChooser() override;
    void setModelFolders(const QStringList& folders) { m_folders = folders; }
    // Below `anchor`; looks for models and runs afresh. `without`: the spec that is on the page already.
    void open(QWidget& anchor, const std::string& without);
    [[nodiscard]] QStringList titles() const;    // of what is listed now

signals:
    void chosen(const rankwright::SpectrumSource& source);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;   // arrows in the field move in the list

private:
    void search();
    void fill(const QString& filter);
    void take();
    QLineEdit* m_field;
    QListWidget* m_list;
    StoreReader m_store;
    QStringList m_folders;
    std::string m_without;
    std::vector<SpectrumSource> m_models, m_runs, m_listed;
    Mailbox<std::vector<std::string>> m_found;
    std::jthread m_walk;
};

}  // namespace rankwright
