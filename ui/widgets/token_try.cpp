// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/token_try.h"

#include "ui/format.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/token_view.h"

#include <QFile>
#include <QPlainTextEdit>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kDelay = 300;             // ms after the last letter
constexpr int64_t kMostTokens = 4096;

}  // namespace

TokenTry::TokenTry(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_text(new QPlainTextEdit(this)), m_tokens(new TokenView(this)), m_figures(makeNote({}, this))
{
    m_text->setObjectName("tryText");
    m_text->setAccessibleName(tr("Text to cut into tokens"));
    m_text->setPlaceholderText(tr("Type something to see its tokens."));
    m_text->setPlainText(tr("The weights of a layer are 4096 × 4096 numbers."));
    m_text->setTabChangesFocus(true);
    m_text->setFixedHeight(56);
    m_tokens->setObjectName("tryTokens");
    m_tokens->setAccessibleName(tr("Tokens of the text"));
    m_tokens->setColours(TokenView::Colours::pieces);
    m_figures->setObjectName("tryFigures");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(makeHeading(tr("Try it"), this));
    column->addWidget(m_text);
    column->addWidget(m_tokens, 1);
    column->addWidget(m_figures);
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelay);
    connect(&m_delay, &QTimer::timeout, this, &TokenTry::ask);
    connect(m_text, &QPlainTextEdit::textChanged, this, [this] {
        m_stale = true;
        m_delay.start();
    });
}

void TokenTry::setModel(const ModelInfo& model)
{
    setEnabled(model.usable && !model.tokenizer.empty());
    if (m_model == model.spec)
        return;
    forget();   // its answer would be the other model's
    m_model = model.spec;
    m_generates = model.generates;
    m_context = model.contextLength;
    m_stale = true;
    m_tokens->clearRow();
    m_figures->clear();
    if (isVisible())
        m_delay.start(0);
}

void TokenTry::forget()
{
    if (!m_call)
        return;
    m_call->disconnect(this);
    m_call->cancel();
    m_call.clear();
}

void TokenTry::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_stale)
        m_delay.start(0);
}

// One row in a file of its own: what the engine says of it is what it would say of the same row in a data set.
void TokenTry::ask()
{
    if (!isVisible() || !isEnabled() || m_model.empty())
        return;
    forget();
    m_stale = false;
    const auto text = m_text->toPlainText();
    if (text.trimmed().isEmpty()) {
        m_tokens->clearRow();
        m_figures->clear();
        return;
    }
    if (!m_folder)
        m_folder = std::make_unique<QTemporaryDir>();
    const auto path = m_folder->filePath("text.jsonl");
    QFile file(path);
    nlohmann::json row{{"text", format::plain(text)}};
    if (!m_generates)
        row["label"] = "0";
    const auto line = QByteArray::fromStdString(row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    if (!m_folder->isValid() || !file.open(QIODevice::WriteOnly) || file.write(line) != line.size() || !file.flush()) {
        m_figures->setText(tr("No temporary file could be written: %1").arg(file.errorString()));
        return;
    }
    file.close();
    RunConfig config;
    config.model = m_model;
    config.data = format::plain(path);
    config.loss = "all";
    config.maxLength = m_context > 1 ? std::min(kMostTokens, m_context) : kMostTokens;
    m_call = m_workbench.ask(PreviewJob{.config = config, .samples = 1}, this);
    connect(m_call, &JobCall::finished, this, [this](const Result& result) { showTokens(std::get<DataPreview>(result)); });
    connect(m_call, &JobCall::failed, this, [this](const QString& message) {
        m_tokens->clearRow();
        m_figures->setText(message);
    });
}

void TokenTry::showTokens(const DataPreview& preview)
{
    if (preview.samples.empty()) {
        m_tokens->clearRow();
        return;
    }
    const PreviewRow& row = preview.samples.front();
    m_tokens->setRow(row);
    const auto added = std::count_if(row.pieces.begin(), row.pieces.end(), [](const PreviewPiece& piece) { return piece.special; });
    const auto letters = m_text->toPlainText().size();
    const auto own = std::max<int64_t>(1, int64_t(row.pieces.size()) - added);
    m_figures->setText(tr("%1 tokens, %2 of them added by the tokenizer; %3 characters a token. Hover for a token's number.")
                           .arg(row.pieces.size()).arg(added).arg(format::number(double(letters) / double(own), 1)));
}

}  // namespace rankwright
