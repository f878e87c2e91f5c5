// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A method's picture, its sentence, its colour and line: each method can be told from the others by them.
#include "tests/ui/page_fixture.h"
#include "ui/theme.h"
#include "ui/widgets/arm_cards.h"
#include "ui/widgets/method_picture.h"

#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

using namespace rankwright;
using Fixture = PageFixture<>;

namespace {

QImage drawn(const MethodPicture& picture, bool quantised, const QColor& color)
{
    QImage image(kPictureSize, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    paintMethodPicture(painter, picture, quantised, color, QPalette());
    return image;
}

// What a screen reader says and what is drawn follow from the same parts.
std::string partsOf(const MethodPicture& p, bool quantised)
{
    std::string text;
    for (const Part part : {p.A, p.B, p.core, p.magnitude, p.weight})
        text += std::to_string(int(part));
    return text + (p.residual ? "r" : "") + (p.drifts ? "d" : "") + (quantised && p.weight == Part::frozen ? "q" : "");
}

using Linear = std::array<double, 3>;

Linear linearOf(const QColor& color)
{
    const auto decode = [](double value) { return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); };
    return {decode(color.redF()), decode(color.greenF()), decode(color.blueF())};
}

Linear times(const std::array<Linear, 3>& matrix, const Linear& v)
{
    Linear result{};
    for (size_t i = 0; i < 3; ++i)
        result[i] = std::clamp(matrix[i][0] * v[0] + matrix[i][1] * v[1] + matrix[i][2] * v[2], 0.0, 1.0);
    return result;
}

// OKLab (Ottosson 2020) of linear sRGB.
Linear oklab(const Linear& c)
{
    const double l = std::cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
    const double m = std::cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
    const double s = std::cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

double apart(const Linear& a, const Linear& b)
{
    const Linear x = oklab(a), y = oklab(b);
    return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

double contrast(const QColor& a, const QColor& b)
{
    const auto luminance = [](const QColor& color) {
        const Linear c = linearOf(color);
        return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] + 0.05;
    };
    return std::max(luminance(a), luminance(b)) / std::min(luminance(a), luminance(b));
}

}  // namespace

class TestMethodPictures : public QObject
{
    Q_OBJECT
private slots:
    void everyMethodHasItsPicture();
    void picturesDifferWhereThePartsDo();
    void sentencesSayWhatIsTrained();
    void curvesOfMethodsCanBeToldApart();
    void huesStayApartForColourBlindEyes();
};

void TestMethodPictures::everyMethodHasItsPicture()
{
    QVERIFY(methodCards().size() >= 17);
    QImage nothing(kPictureSize, QImage::Format_RGB32);
    nothing.fill(Qt::white);
    for (const MethodCard* card : methodCards()) {
        const QColor color = theme::methodColor(format::text(card->id));
        const QImage image = drawn(card->picture, bitsOf(card->base) > 0, color);
        QVERIFY2(image != nothing, card->id.c_str());
        bool hasColor = false;
        for (int y = 0; y < image.height() && !hasColor; ++y)
            for (int x = 0; x < image.width() && !hasColor; ++x)
                hasColor = image.pixelColor(x, y) == color;
        QVERIFY2(hasColor, card->id.c_str());   // every method trains something
    }
}

void TestMethodPictures::picturesDifferWhereThePartsDo()
{
    std::map<std::string, QImage> byParts;
    for (const MethodCard* card : methodCards())
        for (const bool quantised : {false, true}) {
            const QImage image = drawn(card->picture, quantised, Qt::red);
            const auto [known, isNew] = byParts.emplace(partsOf(card->picture, quantised), image);
            QVERIFY2(isNew || known->second == image, card->id.c_str());
        }
    QVERIFY2(byParts.size() >= 12, qPrintable(QString::number(byParts.size())));
    for (auto one = byParts.begin(); one != byParts.end(); ++one)
        for (auto other = std::next(one); other != byParts.end(); ++other)
            QVERIFY2(one->second != other->second, (one->first + " and " + other->first).c_str());
}

void TestMethodPictures::sentencesSayWhatIsTrained()
{
    QCOMPARE(pictureSentence(methodCard("lora").picture, 0), QString("Frozen: W. Trained: A, B."));
    QCOMPARE(pictureSentence(methodCard("qlora").picture, 4.127), QString("Frozen: W (4.13 bits). Trained: A, B."));
    QCOMPARE(pictureSentence(methodCard("pissa").picture, 0), QString("Frozen: the residual of W. Trained: A, B."));
    QCOMPARE(pictureSentence(methodCard("full").picture, 0), QString("Trained: W."));
    QCOMPARE(pictureSentence(methodCard("lora-xs").picture, 0),
        QString("Frozen: W, A, B. Trained: the core between them."));
    QVERIFY(pictureSentence(methodCard("delta-lora").picture, 0).contains("moves along"));
    Fixture fixture;
    fixture.bench.setArms({"lora"});
    ArmCards cards(fixture.bench);
    auto* view = Fixture::part<QWidget>(cards, "armPicture_lora");
    QCOMPARE(view->accessibleDescription(), QString("Frozen: W. Trained: A, B."));
    fixture.bench.setArmOverride("lora", "base", "int8");   // the picture follows the arm's base
    QCOMPARE(view->accessibleDescription(), QString("Frozen: W (8.01 bits). Trained: A, B."));
    auto* said = QAccessible::queryAccessibleInterface(view);
    QCOMPARE(said->text(QAccessible::Name), QString("What LoRA trains"));
}

void TestMethodPictures::curvesOfMethodsCanBeToldApart()
{
    std::set<std::pair<QRgb, int>> lines;
    for (const MethodCard* card : methodCards()) {
        const auto id = format::text(card->id);
        const std::pair<QRgb, int> line(theme::methodColor(id).rgb(), int(theme::methodStyle(id)));
        QVERIFY2(lines.insert(line).second, card->id.c_str());
        QCOMPARE(theme::methodStyle(id, 4), theme::methodStyle(id));   // four patterns
        QVERIFY(theme::methodStyle(id, 1) != theme::methodStyle(id));
    }
    QCOMPARE(theme::methodColor("lora"), QColor(0xe6, 0x9f, 0x00));
    for (const MethodCard* card : methodCards())
        for (const char* kept : {"lora", "pissa"})
            QVERIFY2(card->id == kept || theme::methodColor(format::text(card->id)) != theme::methodColor(kept),
                card->id.c_str());
}

void TestMethodPictures::huesStayApartForColourBlindEyes()
{
    // Machado, Oliveira and Fernandes 2009, severity 1, on linear sRGB.
    const std::array<Linear, 3> deutan{
        {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
    const std::array<Linear, 3> protan{
        {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
    for (const auto mode : {theme::Mode::light, theme::Mode::dark}) {
        theme::apply(*qApp, mode);
        std::vector<QColor> hues;
        for (const MethodCard* card : methodCards())
            if (const QColor hue = theme::methodColor(format::text(card->id)); std::ranges::find(hues, hue) == hues.end())
                hues.push_back(hue);
        QVERIFY(hues.size() >= 10);
        for (size_t i = 0; i < hues.size(); ++i) {
            QVERIFY2(contrast(hues[i], qApp->palette().color(QPalette::Base)) > 2.2, qPrintable(hues[i].name()));
            for (size_t j = 0; j < i; ++j) {
                const Linear a = linearOf(hues[i]), b = linearOf(hues[j]);
                const double least
                    = std::min({apart(a, b), apart(times(deutan, a), times(deutan, b)), apart(times(protan, a), times(protan, b))});
                QVERIFY2(least > 0.045, qPrintable(hues[i].name() + ' ' + hues[j].name() + ' ' + QString::number(least)));
            }
        }
    }
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestMethodPictures)
#include "tst_method_pictures.moc"
